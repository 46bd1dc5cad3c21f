/**
 * What is drawn of three hundred hostile texts, as markup: only elements and attributes that the page itself uses.
 * `tests/ui/hostile.spec.ts` shows the same texts to a real browser.
 */
import { createElement, type ReactNode } from "react"
import { renderToStaticMarkup } from "react-dom/server"
import { expect, test } from "vitest"
import { ApprovalCard } from "../../routes/-components/approval-card.tsx"
import { Folds, foldState } from "../../routes/-components/fold.tsx"
import Markdown from "../../routes/-components/markdown.tsx"
import { Plan } from "../../routes/-components/plan.tsx"
import { rowsOf } from "../../routes/-components/transcript-row.tsx"
import { MessageId, RequestId, TurnId } from "../../streams/ids.ts"
import type { Item, PermissionRequest } from "../../streams/session.ts"
import { HOSTILE } from "../support/hostile-texts.ts"

const OURS = new Set(
  `a article aside b blockquote br button circle code del div em form h1 h2 h3 h4 h5 h6 hr i input kbd li line ol p
   path pre rect section span strong sub sup svg table tbody td th thead time tr ul bdi polygon polyline ellipse`.split(
    /\s+/,
  ),
)
const HARMFUL =
  /^(on.*|src|srcdoc|srcset|action|formaction|data|background|poster|http-equiv|xlink:href|ping)$/

/** Everything in the markup that could act. React writes attributes in double quotes and escapes those inside. */
function harm(markup: string): string[] {
  const found: string[] = []
  for (const [, name = "", attributes = ""] of markup.matchAll(
    /<([a-zA-Z][^\s/>]*)((?:\s+[^\s=>]+(?:="[^"]*")?)*)\s*\/?>/g,
  )) {
    if (!OURS.has(name)) found.push(`<${name}>`)
    for (const [, key = "", value = ""] of attributes.matchAll(/\s+([^\s=>]+)(?:="([^"]*)")?/g)) {
      if (HARMFUL.test(key)) found.push(`${name} ${key}=${value}`)
      if (key === "href" && !/^(https?|mailto):/.test(value)) found.push(`${name} href=${value}`)
      if (key === "style" && /url|expression|@import/i.test(value)) found.push(`${name} style=${value}`)
    }
  }
  return found
}

const turnId = TurnId.parse("turn_1")
const place = { key: "k", seq: 1, at: "2026-01-01T00:00:00Z" }

function itemsWith(text: string): Item[] {
  const call = {
    ...place,
    type: "tool" as const,
    turnId,
    toolCallId: "t",
    title: text,
    locations: [{ path: text }],
    input: { command: text, also: text },
    output: text,
    outputTruncated: true,
    interrupted: false,
  }
  return [
    {
      ...place,
      type: "user",
      turnId,
      messageId: MessageId.parse("msg_1"),
      text,
      attachments: [
        { type: "image", mimeType: text, blob: text, name: text },
        { type: "file", path: text, name: text },
      ],
    },
    { ...place, type: "thought", turnId, text, done: true },
    { ...call, kind: "execute", status: "failed", content: [{ type: "text", text }] },
    {
      ...call,
      kind: "edit",
      status: "completed",
      content: [{ type: "diff", path: text, oldText: text, newText: `${text}!` }],
    },
    { ...place, type: "notice", severity: "error", category: text, title: text, hint: text },
    {
      ...place,
      type: "turn_end",
      turnId,
      stopReason: "error",
      error: { code: text, message: text, hint: text },
    },
  ]
}

const request = (text: string): PermissionRequest => ({
  requestId: RequestId.parse("req_1"),
  turnId,
  toolCallId: "t",
  title: text,
  kind: "execute",
  input: { command: text },
  inputHash: "0",
  content: [
    { type: "text", text },
    { type: "diff", path: text, oldText: null, newText: text },
  ],
  decisions: ["allow", "deny"],
  options: [{ optionId: text, name: text, decision: "allow" }],
})

const drawn = (...children: ReactNode[]): string =>
  renderToStaticMarkup(createElement(Folds, { value: foldState(true) }, ...children))

test("the check itself sees what would act", () => {
  expect(harm('<p>x<img src="x" onerror="y"/></p>')).toEqual(["<img>", "img src=x", "img onerror=y"])
  expect(harm('<a href="javascript:x">y</a><span title="&lt;img src=x&gt;">z</span>')).toHaveLength(1)
})

test("an agent's text becomes text and nothing that acts", () => {
  expect(new Set(HOSTILE).size).toBe(300)
  for (const text of HOSTILE)
    for (const done of [true, false])
      expect(harm(drawn(createElement(Markdown, { text, done }))), text).toEqual([])
})

test("rows, plans and questions show hostile texts and obey none", () => {
  for (const text of HOSTILE) {
    const rows = rowsOf(itemsWith(text)).map(({ element }, index) =>
      createElement("div", { key: index }, element),
    )
    const plan = createElement(Plan, { plan: [{ content: text, status: "in_progress" }] })
    const card = createElement(ApprovalCard, {
      request: request(text),
      running: true,
      onDecide: () => Promise.resolve({ type: "taken" as const }),
      label: text,
      heading: null,
      className: "",
    })
    const markup = drawn(...rows, plan, card)
    expect(harm(markup), text).toEqual([])
    expect(markup.length).toBeGreaterThan(1_000)
  }
})

/** Colours code in a thread of its own: the page goes on drawing meanwhile. Grammars come when they are needed. */
import { createCssVariablesTheme, createHighlighterCore } from "shiki/core"
import { createJavaScriptRegexEngine } from "shiki/engine/javascript"
import type { Coloured, ColourRun } from "./highlight.ts"

const LANGUAGES = {
  bash: () => import("shiki/langs/bash.mjs"),
  c: () => import("shiki/langs/c.mjs"),
  cpp: () => import("shiki/langs/cpp.mjs"),
  csharp: () => import("shiki/langs/csharp.mjs"),
  css: () => import("shiki/langs/css.mjs"),
  diff: () => import("shiki/langs/diff.mjs"),
  docker: () => import("shiki/langs/docker.mjs"),
  go: () => import("shiki/langs/go.mjs"),
  html: () => import("shiki/langs/html.mjs"),
  java: () => import("shiki/langs/java.mjs"),
  javascript: () => import("shiki/langs/javascript.mjs"),
  json: () => import("shiki/langs/json.mjs"),
  jsx: () => import("shiki/langs/jsx.mjs"),
  kotlin: () => import("shiki/langs/kotlin.mjs"),
  php: () => import("shiki/langs/php.mjs"),
  python: () => import("shiki/langs/python.mjs"),
  ruby: () => import("shiki/langs/ruby.mjs"),
  rust: () => import("shiki/langs/rust.mjs"),
  sql: () => import("shiki/langs/sql.mjs"),
  swift: () => import("shiki/langs/swift.mjs"),
  toml: () => import("shiki/langs/toml.mjs"),
  tsx: () => import("shiki/langs/tsx.mjs"),
  typescript: () => import("shiki/langs/typescript.mjs"),
  xml: () => import("shiki/langs/xml.mjs"),
  yaml: () => import("shiki/langs/yaml.mjs"),
} as const
type Language = keyof typeof LANGUAGES

const ALIASES: Readonly<Record<string, Language>> = {
  "c++": "cpp",
  cjs: "javascript",
  console: "bash",
  cs: "csharp",
  dockerfile: "docker",
  js: "javascript",
  json5: "json",
  jsonc: "json",
  kt: "kotlin",
  mjs: "javascript",
  mts: "typescript",
  patch: "diff",
  py: "python",
  rb: "ruby",
  rs: "rust",
  sh: "bash",
  shell: "bash",
  svg: "xml",
  ts: "typescript",
  yml: "yaml",
  zsh: "bash",
}

const known = (name: string): Language | null =>
  Object.hasOwn(LANGUAGES, name) ? (name as Language) : (ALIASES[name] ?? null)

const THEME = "agentz"
const highlighter = createHighlighterCore({
  // Colours are names that the style sheet knows, in light and in dark.
  themes: [createCssVariablesTheme({ name: THEME, variablePrefix: "--code-" })],
  langs: [],
  engine: createJavaScriptRegexEngine(),
})

async function colour(code: string, name: string): Promise<Coloured | null> {
  const language = known(name)
  if (language === null) return null
  const { loadLanguage, getLoadedLanguages, codeToTokensBase } = await highlighter
  if (!getLoadedLanguages().includes(language)) await loadLanguage(LANGUAGES[language]())
  // A pathological line is left plain rather than waited for.
  const lines = codeToTokensBase(code, { lang: language, theme: THEME, tokenizeTimeLimit: 300 })
  return lines.map((tokens) =>
    tokens.map(
      ({ content, color }): ColourRun => [content, /--code-token-([a-z-]+)/.exec(color ?? "")?.[1] ?? ""],
    ),
  )
}

self.addEventListener(
  "message",
  async ({ data }: MessageEvent<{ id: number; code: string; name: string }>) => {
    const { id, code, name } = data
    const coloured = await colour(code, name).catch(() => null)
    self.postMessage({ id, coloured })
  },
)

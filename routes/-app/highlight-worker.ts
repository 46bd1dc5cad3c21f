/** Colours code in a thread of its own: the page goes on drawing meanwhile. Grammars come when they are needed. */
import { createCssVariablesTheme, createHighlighterCore } from "shiki/core"
import { createJavaScriptRegexEngine } from "shiki/engine/javascript"
import type { Coloured, ColourRun } from "./highlight.ts"
import { bundledLanguages, languageNamed } from "./languages.ts"

const THEME = "agentz"
/** A pathological line is left plain rather than waited for. The first one of a language waits for its grammar, too. */
const LINE_MS = 3_000
const highlighter = createHighlighterCore({
  // Colours are names that the style sheet knows, in light and in dark.
  themes: [createCssVariablesTheme({ name: THEME, variablePrefix: "--code-" })],
  langs: [],
  engine: createJavaScriptRegexEngine(),
})

async function colour(code: string, name: string): Promise<Coloured | null> {
  const language = languageNamed(name)
  if (language === null) return null
  const { loadLanguage, getLoadedLanguages, codeToTokensBase } = await highlighter
  if (!getLoadedLanguages().includes(language)) await loadLanguage(bundledLanguages[language]())
  const lines = codeToTokensBase(code, { lang: language, theme: THEME, tokenizeTimeLimit: LINE_MS })
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

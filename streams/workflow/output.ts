/** What a step gives, from what was said or printed. */
import type { Json } from "./definition.ts"
import type { StepFailure } from "./event.ts"

export type ReadOutput = { readonly output: Json } | { readonly error: StepFailure }

/** `json`: all of the text, or else the last block of code in it that is JSON, or else what stands from its last line's brace. */
export function outputOf(text: string, form: "text" | "json" = "text"): ReadOutput {
  if (form === "text") return { output: text }
  for (const candidate of candidatesIn(text)) {
    const read = parsed(candidate)
    if (read !== null) return read
  }
  return {
    error: {
      code: "output_not_json",
      class: "transient",
      message: "The step is to give JSON, and there is none in what it said.",
      hint: "Ask for it in its prompt: the last thing it says must be one JSON value, best in a block of code.",
    },
  }
}

const FENCED = /```(?:json)?[ \t]*\n([\s\S]*?)\n[ \t]*```/g

function* candidatesIn(text: string): Generator<string> {
  yield text
  yield* Array.from(text.matchAll(FENCED), ([, inner = ""]) => inner).reverse()
  // A value that begins a line and goes on to the end, after some words.
  const begins = Array.from(text.matchAll(/^[ \t]*[[{]/gm), ({ index }) => index)
  for (const index of begins.slice(0, 50)) yield text.slice(index)
}

function parsed(text: string): { readonly output: Json } | null {
  try {
    return { output: JSON.parse(text) }
  } catch (error) {
    if (error instanceof SyntaxError) return null
    throw error
  }
}

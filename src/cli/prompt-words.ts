/** Where a prompt comes from: the words of the command line, or the standard input. */
import { PROMPT_LIMIT, promptTooLarge } from "../prompt.ts"
import type { Io } from "./io.ts"
import { usage } from "./refusal.ts"

export interface PromptWords {
  readonly text: string
  /** The standard input was used up for it, so nothing can be asked there. */
  readonly piped: boolean
}

/** The words, joined. `-`, or no words and a pipe, reads the input to its end. */
export async function promptWords(words: readonly string[], io: Io, synopsis: string): Promise<PromptWords> {
  const piped = words.length === 0 ? io.stdin.isTTY !== true : words.length === 1 && words[0] === "-"
  if (!piped && words.length === 0)
    throw usage(`The text is missing: ${synopsis}, or pipe it in with \`… | ${synopsis.split('"')[0]}-\`.`)
  return { text: piped ? await readAll(io) : words.join(" "), piped }
}

async function readAll({ stdin }: Io): Promise<string> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of stdin) {
    const bytes = Buffer.from(chunk as Buffer)
    size += bytes.byteLength
    if (size <= PROMPT_LIMIT + 1) chunks.push(bytes)
  }
  if (size > PROMPT_LIMIT) throw promptTooLarge(size)
  return Buffer.concat(chunks).toString("utf8").trimEnd()
}

import { MAX_TEXT_BYTES } from "#streams/command"
import { Problem } from "./problem.ts"

/** What a prompt may weigh. Larger texts belong in a file that the agent reads. */
export const PROMPT_LIMIT = MAX_TEXT_BYTES

/** Gives the prompt back, or throws the {@link Problem} that is wrong with it. */
export function checkedPrompt(text: string): string {
  if (text.trim() === "")
    throw new Problem("empty_prompt", "The prompt is empty: say what the agent should do.")
  // As it will be stored: escapes count.
  const size = Buffer.byteLength(JSON.stringify(text))
  if (size > PROMPT_LIMIT) throw promptTooLarge(size)
  return text
}

export const promptTooLarge = (size: number): Problem =>
  new Problem(
    "prompt_too_large",
    `The prompt has ${megabytes(size)} MB, and ${megabytes(PROMPT_LIMIT)} MB is the limit: put the text in a file and name the file in the prompt.`,
  )

const megabytes = (size: number) => (size / (1024 * 1024)).toFixed(1)

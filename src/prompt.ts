import { Problem } from "./plane.ts"

/** What a prompt may weigh, in bytes of UTF-8. Larger texts belong in a file that the agent reads. */
export const PROMPT_LIMIT = 1024 * 1024

/** Gives the prompt back, or throws the {@link Problem} that is wrong with it. */
export function checkedPrompt(text: string): string {
  if (text.trim() === "")
    throw new Problem("empty_prompt", "The prompt is empty: say what the agent should do.")
  const size = Buffer.byteLength(text)
  if (size > PROMPT_LIMIT) throw promptTooLarge(size)
  return text
}

export const promptTooLarge = (size: number): Problem =>
  new Problem(
    "prompt_too_large",
    `The prompt has ${megabytes(size)} MB, and 1 MB is the limit: put the text in a file and name the file in the prompt.`,
  )

const megabytes = (size: number) => (size / (1024 * 1024)).toFixed(1)

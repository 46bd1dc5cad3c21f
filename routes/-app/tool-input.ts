/** What a tool call is asked to do, fit to be shown. */
import { type ToolInput, toolInput } from "#streams/tool-input"
import { plainText } from "./hidden-characters.ts"

/** `null` where there is nothing to show. */
export function shownInput(input: unknown): ToolInput | null {
  const shown = toolInput(input)
  return shown && { ...shown, text: plainText(shown.text) }
}

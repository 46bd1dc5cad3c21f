/** What a tool call is asked to do, as text: a command as it would be typed, anything else as JSON. Pure. */

export interface ToolInput {
  readonly kind: "command" | "json" | "text"
  readonly text: string
}

/** `null` where there is nothing to show. */
export function toolInput(input: unknown): ToolInput | null {
  if (input === undefined || input === null || input === "") return null
  if (typeof input === "string") return { kind: "text", text: input }
  if (typeof input === "object" && "command" in input) {
    const { command, ...rest } = input as { command: unknown }
    const words = Array.isArray(command) ? command.map(String).join(" ") : command
    if (typeof words === "string")
      return {
        kind: "command",
        text: Object.keys(rest).length === 0 ? words : `${words}\n\n${asJson(rest)}`,
      }
  }
  return typeof input === "object" && Object.keys(input).length === 0
    ? null
    : { kind: "json", text: asJson(input) }
}

const asJson = (value: unknown): string => JSON.stringify(value, null, 2) ?? ""

/** What an agent is told when its turn is taken up after its process was gone. Pure. */
import type { ItemOf, Session } from "#streams/session"

/** What became of a question that an earlier daemon asked. */
export interface LeftQuestion {
  readonly toolCallId: string
  readonly title: string
  /** `changed`: the project's agent configuration is another one, so that an answer is void. */
  readonly state: "allowed" | "denied" | "open" | "changed"
  readonly note?: string | undefined
}

export function recoveryPrompt(
  left: readonly LeftQuestion[],
  items: Session["items"],
  { limited = false }: { readonly limited?: boolean } = {},
): string {
  const asked = new Set(left.map(({ toolCallId }) => toolCallId))
  const running = lastTurnTools(items).filter((tool) => tool.interrupted && !asked.has(tool.toolCallId))
  const titles = running.map(({ title }) => `“${title}”`).join(" and ")
  return [
    limited
      ? "The previous turn was ended by a limit of the service, which is lifted now."
      : "The previous turn was interrupted because its process ended.",
    ...left.map(sentenceOn),
    running.length > 0
      ? `${titles} was running then, so its outcome is unknown: look before you run it again.`
      : "",
    "Continue where you stopped.",
  ]
    .filter((sentence) => sentence !== "")
    .join(" ")
}

function sentenceOn({ title, state, note }: LeftQuestion): string {
  const cut = `Your last tool call (${title}) was interrupted while waiting for approval and was not run.`
  switch (state) {
    case "allowed":
      return `${cut} It is now approved; run it again.`
    case "denied":
      return `${cut} It was refused${note ? `: ${note}` : ""}; continue without it.`
    case "open":
      return `${cut} It has no answer yet: call it again if it is still needed.`
    case "changed":
      return `${cut} The project's configuration has changed since, so it must be asked again: call it again if it is still needed.`
  }
}

function lastTurnTools(items: Session["items"]): readonly ItemOf<"tool">[] {
  const tools: ItemOf<"tool">[] = []
  let ends = 0
  for (let at = items.length - 1; at >= 0; at--) {
    const item = items[at]
    // The newest end is that of the interrupted turn itself; the one before belongs to an earlier turn.
    if (item?.type === "turn_end" && ++ends > 1) break
    if (item?.type === "tool") tools.unshift(item)
  }
  return tools
}

import type { Session } from "#streams/session"
import { costText, shortCount } from "../-app/figures.ts"

/** Tokens and cost in one line; nothing where nothing was said of them. */
export function UsageLine({ usage }: { readonly usage: Session["usage"] }) {
  if (usage.inputTokens + usage.outputTokens === 0) return null
  return (
    <span className="text-note figures" data-testid="usage">
      {shortCount(usage.inputTokens)} in · {shortCount(usage.outputTokens)} out
      {usage.costUsd !== null && usage.costUsd > 0 && ` · ${costText(usage.costUsd)}`}
    </span>
  )
}

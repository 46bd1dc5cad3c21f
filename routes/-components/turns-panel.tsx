import { costText, shortCount, shortSpan } from "../-app/figures.ts"
import { type ReplayLine, useReplayed } from "../-app/replay-client.ts"
import type { TurnUsage } from "../-app/turn-usage.ts"

/** What each turn took, and how full the model's window is. */
export function TurnsPanel(props: {
  readonly replay: ReplayLine
  readonly seq: number
  readonly onGo: (seq: number) => void
}) {
  const { replay, seq, onGo } = props
  const { value: usage, problem } = useReplayed(replay, "usage", null, seq)
  if (!usage) return <p className="px-4 py-3 text-row text-quiet">{problem ?? "Reading the history…"}</p>
  const { turns, context } = usage
  const sum = (of: (turn: TurnUsage) => number) => turns.reduce((total, turn) => total + of(turn), 0)
  const cost = sum(({ costUsd }) => costUsd ?? 0)
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable without a mouse
    <section className="min-h-0 flex-1 overflow-auto px-4 py-3" tabIndex={0} aria-label="Usage by turn">
      {context && (
        <div className="mb-4 text-row">
          <p className="mb-1 flex justify-between">
            <span id="context-name">Context</span>
            <span className="text-quiet figures">
              {shortCount(context.used)} of {shortCount(context.size)}
            </span>
          </p>
          <meter
            aria-labelledby="context-name"
            min={0}
            max={context.size}
            high={context.size * 0.85}
            value={context.used}
            className="h-2.5 w-full"
          />
        </div>
      )}
      <table className="w-full text-row figures">
        <caption className="sr-only">Usage by turn</caption>
        <thead>
          <tr className="border-b border-line text-note text-quiet">
            <th className="py-1 pr-2 text-left font-normal">Turn</th>
            <th className="px-2 text-right font-normal">Time</th>
            <th className="px-2 text-right font-normal">Calls</th>
            <th className="px-2 text-right font-normal">In</th>
            <th className="px-2 text-right font-normal">Out</th>
            <th className="pl-2 text-right font-normal">Cost</th>
          </tr>
        </thead>
        <tbody>
          {turns.map((turn, index) => (
            <tr key={turn.turnId} className="border-b border-line">
              <td className="py-1 pr-2">
                <button
                  type="button"
                  className="underline underline-offset-2 touch:min-h-11 touch:min-w-11 touch:text-left"
                  onClick={() => onGo(turn.seq)}
                >
                  {index + 1}
                </button>
              </td>
              <td className="px-2 text-right text-quiet">
                {turn.endedAt === null
                  ? "running"
                  : shortSpan(Date.parse(turn.endedAt) - Date.parse(turn.startedAt))}
              </td>
              <td className="px-2 text-right">{turn.toolCalls}</td>
              <td className="px-2 text-right">{shortCount(turn.inputTokens)}</td>
              <td className="px-2 text-right">{shortCount(turn.outputTokens)}</td>
              <td className="pl-2 text-right">{turn.costUsd === null ? "" : costText(turn.costUsd)}</td>
            </tr>
          ))}
        </tbody>
        <tfoot>
          <tr className="font-medium">
            <th scope="row" className="py-1.5 pr-2 text-left font-medium">
              All
            </th>
            <td />
            <td className="px-2 text-right">{sum(({ toolCalls }) => toolCalls)}</td>
            <td className="px-2 text-right">{shortCount(sum(({ inputTokens }) => inputTokens))}</td>
            <td className="px-2 text-right">{shortCount(sum(({ outputTokens }) => outputTokens))}</td>
            <td className="pl-2 text-right">{cost > 0 ? costText(cost) : ""}</td>
          </tr>
        </tfoot>
      </table>
    </section>
  )
}

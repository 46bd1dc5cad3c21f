import { createFileRoute, Link } from "@tanstack/react-router"
import clsx from "clsx"
import { type ReactNode, useMemo } from "react"
import { useNow } from "./-app/clock.ts"
import { costText, shortCount, shortPath } from "./-app/figures.ts"
import { plainText } from "./-app/hidden-characters.ts"
import { useSessionList } from "./-app/live.ts"
import { type Bar, metricsOf } from "./-app/metrics.ts"
import { usePageTitle } from "./-app/page-title.ts"

const RANGES = [1, 7, 30, 90] as const
type Range = (typeof RANGES)[number]

export const Route = createFileRoute("/usage")({
  validateSearch: ({ days }: Record<string, unknown>): { readonly days?: Range } =>
    RANGES.includes(Number(days) as Range) && Number(days) !== 7 ? { days: Number(days) as Range } : {},
  component: UsagePage,
})

const dayOf = (at: number): string =>
  new Date(at).toLocaleDateString("en", { month: "short", day: "numeric" })
const tokensOf = ({ inputTokens, outputTokens }: Bar | { inputTokens: number; outputTokens: number }) =>
  inputTokens + outputTokens

/** What the agents of this machine did, live from the same rows as the list. */
function UsagePage() {
  usePageTitle("Usage")
  const { days = 7 } = Route.useSearch()
  const { entries, loaded } = useSessionList()
  const now = useNow(60_000)
  const metrics = useMemo(() => metricsOf(entries.values(), { days, now, dayOf }), [entries, days, now])
  const { total } = metrics
  return (
    <div className="min-h-0 flex-1 overflow-y-auto">
      <div className="mx-auto w-full max-w-4xl px-4 py-5 sm:py-8">
        <div className="mb-4 flex flex-wrap items-center gap-x-4 gap-y-2">
          <h1 className="text-xl font-semibold tracking-tight">Usage</h1>
          <nav aria-label="Range" className="flex text-row">
            {RANGES.map((range) => (
              <Link
                key={range}
                to="/usage"
                search={range === 7 ? {} : { days: range }}
                aria-current={range === days ? "true" : undefined}
                className={clsx(
                  "inline-flex items-center rounded-md px-2 py-1 touch:min-h-11 touch:min-w-11 touch:justify-center",
                  range === days ? "bg-sunken font-medium" : "text-quiet hover:text-ink",
                )}
              >
                {range === 1 ? "Day" : `${range} days`}
              </Link>
            ))}
          </nav>
        </div>
        {!loaded ? (
          <p className="text-quiet">Reading the sessions…</p>
        ) : total.sessions === 0 ? (
          <p className="text-quiet">No sessions in this time.</p>
        ) : (
          <div className="flex flex-col gap-8">
            <dl className="grid grid-cols-2 gap-px overflow-hidden rounded-md border border-line bg-line sm:grid-cols-4">
              <Figure name="Sessions">{total.sessions}</Figure>
              <Figure name="Turns">{shortCount(total.turns)}</Figure>
              <Figure name="Tokens in">{shortCount(total.inputTokens)}</Figure>
              <Figure name="Tokens out">{shortCount(total.outputTokens)}</Figure>
              <Figure name="Cost">{total.costUsd > 0 ? costText(total.costUsd) : "not said"}</Figure>
              <Figure name="Running" className={metrics.running > 0 ? "text-run" : ""}>
                {metrics.running}
              </Figure>
              <Figure name="Need you" className={metrics.needsYou > 0 ? "text-needs" : ""}>
                {metrics.needsYou}
              </Figure>
              <Figure name="Failed or interrupted" className={metrics.failed > 0 ? "text-fail" : ""}>
                {metrics.failed}
              </Figure>
            </dl>
            {days > 1 && tokensOf(total) > 0 && <Days days={metrics.days} />}
            <Shares title="Agents" first="Agent" bars={metrics.agents} nameOf={(name) => name} />
            <Shares
              title="Directories"
              first="Directory"
              bars={metrics.directories}
              nameOf={(name) => shortPath(plainText(name), 40)}
            />
          </div>
        )}
      </div>
    </div>
  )
}

function Figure(props: { readonly name: string; readonly children: ReactNode; readonly className?: string }) {
  return (
    <div className="bg-paper px-3 py-2.5">
      <dt className="text-note text-quiet">{props.name}</dt>
      <dd className={clsx("text-lg font-semibold figures", props.className)}>{props.children}</dd>
    </div>
  )
}

/** Tokens per day as bars; the same in words for those who do not see them. */
function Days({ days }: { readonly days: readonly Bar[] }) {
  const most = Math.max(1, ...days.map(tokensOf))
  const width = 100 / days.length
  return (
    <section aria-label="Tokens per day">
      <h2 className="mb-2 text-row font-medium">Tokens per day</h2>
      <svg
        viewBox="0 0 100 28"
        preserveAspectRatio="none"
        className="h-32 w-full"
        role="img"
        aria-label={`Most tokens on one day: ${shortCount(most)}. The table below has every day.`}
      >
        {days.map((day, index) => {
          const height = (tokensOf(day) / most) * 27
          return (
            <rect
              key={day.name}
              x={index * width + width * 0.12}
              width={width * 0.76}
              y={28 - height}
              height={height}
              className="fill-quiet"
            >
              <title>{`${day.name}: ${shortCount(tokensOf(day))} tokens, ${day.sessions} sessions`}</title>
            </rect>
          )
        })}
        <line x1="0" x2="100" y1="28" y2="28" className="stroke-line-strong" strokeWidth="0.4" />
      </svg>
      <p aria-hidden className="flex justify-between text-note text-quiet figures">
        <span>{days[0]?.name}</span>
        <span>{days.at(-1)?.name}</span>
      </p>
      <details className="mt-2 text-row">
        <summary className="cursor-pointer text-quiet touch:py-2">As a table</summary>
        <BarTable caption="Per day" first="Day" bars={[...days].reverse()} nameOf={(name) => name} />
      </details>
    </section>
  )
}

function Shares(props: {
  readonly title: string
  readonly first: string
  readonly bars: readonly Bar[]
  readonly nameOf: (name: string) => string
}) {
  return (
    <section aria-label={props.title}>
      <h2 className="mb-2 text-row font-medium">{props.title}</h2>
      <BarTable caption={props.title} first={props.first} bars={props.bars} nameOf={props.nameOf} />
    </section>
  )
}

function BarTable(props: {
  readonly caption: string
  readonly first: string
  readonly bars: readonly Bar[]
  readonly nameOf: (name: string) => string
}) {
  const { caption, first, bars, nameOf } = props
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable without a mouse
    <section className="overflow-x-auto" tabIndex={0} aria-label={`${caption}, table`}>
      <table className="w-full text-row figures">
        <caption className="sr-only">{caption}</caption>
        <thead>
          <tr className="border-b border-line text-note text-quiet">
            <th className="py-1 pr-3 text-left font-normal">{first}</th>
            <th className="px-3 py-1 text-right font-normal">Sessions</th>
            <th className="px-3 py-1 text-right font-normal">Turns</th>
            <th className="px-3 py-1 text-right font-normal">Tokens</th>
            <th className="py-1 pl-3 text-right font-normal">Cost</th>
          </tr>
        </thead>
        <tbody>
          {bars.slice(0, 90).map((bar) => (
            <tr key={bar.name} className="border-b border-line last:border-b-0">
              <td className="max-w-64 truncate py-1.5 pr-3">{nameOf(bar.name)}</td>
              <td className="px-3 text-right">{bar.sessions}</td>
              <td className="px-3 text-right">{bar.turns}</td>
              <td className="px-3 text-right">{shortCount(tokensOf(bar))}</td>
              <td className="pl-3 text-right">{bar.costUsd > 0 ? costText(bar.costUsd) : ""}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  )
}

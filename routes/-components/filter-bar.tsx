import clsx from "clsx"
import { Search } from "lucide-react"
import type { ReactNode } from "react"

/** What the link to a filter is to look like. */
export interface FilterLook {
  readonly className: string
  readonly children: ReactNode
  readonly "aria-current": "true" | undefined
}

const FIELD = "filter-field"

/** For whoever goes there by key. */
export const focusFilter = (): void => document.getElementById(FIELD)?.focus()

/** Above a list: words that its rows must have, and the states they may be in, each with how many there are. */
export function FilterBar<Filter extends string>(props: {
  readonly label: string
  readonly q: string | undefined
  readonly onQ: (q: string) => void
  readonly status: Filter | undefined
  readonly filters: readonly Filter[]
  readonly words: Readonly<Record<Filter, string>>
  readonly counts: Readonly<Record<Filter, number>>
  readonly total: number
  /** The way to the rows of one state, or to all of them. */
  readonly link: (status: Filter | undefined, look: FilterLook) => ReactNode
  readonly children?: ReactNode
}) {
  const { label, q, onQ, status, filters, words, counts, total, link, children } = props
  const one = (of: Filter | undefined, word: string, count: number) =>
    link(of, {
      "aria-current": of === status ? "true" : undefined,
      className: clsx(
        "inline-flex items-center gap-1.5 rounded-md px-2 py-1 whitespace-nowrap touch:min-h-11",
        of === status ? "bg-sunken font-medium text-ink" : "text-quiet hover:text-ink",
      ),
      children: (
        <>
          {word}
          <span className={clsx("figures", of === "waiting" && "font-semibold text-needs")}>{count}</span>
        </>
      ),
    })
  return (
    <div className="flex shrink-0 flex-wrap items-center gap-x-3 gap-y-1 border-b border-line px-3 py-1.5 sm:px-4">
      <search className="relative w-full sm:w-64">
        <Search size={14} aria-hidden className="absolute top-1/2 left-2.5 -translate-y-1/2 text-quiet" />
        <input
          id={FIELD}
          type="search"
          aria-label={label}
          placeholder="Filter"
          className="field h-8 py-0! pl-8! text-row!"
          value={q ?? ""}
          onChange={({ target: { value } }) => onQ(value)}
        />
      </search>
      <nav
        aria-label="Filter by state"
        className="-mx-1 flex max-w-full items-center overflow-x-auto text-row"
      >
        {one(undefined, "All", total)}
        {filters
          .filter((each) => counts[each] > 0 || each === status)
          .map((each) => one(each, words[each], counts[each]))}
      </nav>
      {children}
    </div>
  )
}

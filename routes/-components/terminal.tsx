import clsx from "clsx"
import { memo, useMemo, useState } from "react"
import { terminalRuns } from "../-app/terminal-text.ts"

// What is drawn at first; more than this takes long enough to be felt.
const LONGEST = 60_000

const COLORS: Record<string, string> = {
  black: "text-[var(--term-black)]",
  red: "text-[var(--term-red)]",
  green: "text-[var(--term-green)]",
  yellow: "text-[var(--term-yellow)]",
  blue: "text-[var(--term-blue)]",
  magenta: "text-[var(--term-magenta)]",
  cyan: "text-[var(--term-cyan)]",
  white: "text-[var(--term-white)]",
}

/** What a program printed: text with its colours, and nothing in it that acts. */
export const Terminal = memo(function Terminal(props: { readonly text: string; readonly label: string }) {
  const { text, label } = props
  const [all, setAll] = useState(false)
  const cut = !all && text.length > LONGEST
  const runs = useMemo(() => terminalRuns(cut ? text.slice(-LONGEST) : text), [text, cut])
  return (
    <div>
      {cut && (
        <button type="button" className="mb-1 text-note text-quiet underline" onClick={() => setAll(true)}>
          Show the first {Math.round((text.length - LONGEST) / 1_000).toLocaleString("en")} KB too
        </button>
      )}
      <Scrolling label={label}>
        {runs.map((run, index) => (
          <span
            // biome-ignore lint/suspicious/noArrayIndexKey: runs have no identity but their place
            key={index}
            className={clsx(
              run.color && COLORS[run.color],
              run.bold && "font-semibold",
              run.dim && "text-quiet",
            )}
          >
            {run.text}
          </span>
        ))}
      </Scrolling>
    </div>
  )
})

/** A box of fixed-width text that scrolls by itself and can be reached by keyboard to do so. */
export function Scrolling(props: { readonly label: string; readonly children: React.ReactNode }) {
  return (
    <section
      // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable without a mouse
      tabIndex={0}
      aria-label={props.label}
      className="max-h-96 overflow-auto rounded-md bg-sunken px-3 py-2"
    >
      <pre className="font-mono text-note whitespace-pre-wrap [overflow-wrap:anywhere]">{props.children}</pre>
    </section>
  )
}

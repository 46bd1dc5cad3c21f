import clsx from "clsx"
import { memo, type ReactNode, useMemo } from "react"
import { type DiffLine, diffRows, diffStat, type FileChange } from "../-app/file-diff.ts"
import { Fold } from "./fold.tsx"
import { useShownPath } from "./working-dir.ts"

/** One changed file: `path +12 −3`, which opens. */
export function FileDiff(props: {
  readonly change: FileChange
  readonly foldKey: string
  readonly open?: boolean
  readonly icon?: ReactNode
  readonly children?: ReactNode
}) {
  const { change, foldKey, open = false, icon, children } = props
  const { added, removed } = diffStat(change)
  const path = useShownPath(change.path)
  return (
    <Fold
      foldKey={foldKey}
      openAtFirst={open}
      summary={
        <>
          {icon}
          <span className="min-w-0 truncate font-mono text-note [direction:rtl]">
            <bdi>{path}</bdi>
          </span>
          {change.oldText === null && <span className="text-note text-quiet">new</span>}
          <span className="shrink-0 font-mono text-note figures">
            <span className="text-good">+{added}</span> <span className="text-fail">−{removed}</span>
          </span>
        </>
      }
    >
      <DiffBody change={change} />
      {children}
    </Fold>
  )
}

const SIGN: Record<DiffLine["kind"], string> = { context: " ", added: "+", removed: "−", gap: "⋯" }

const DiffBody = memo(function DiffBody({ change }: { readonly change: FileChange }) {
  const rows = useMemo(() => diffRows(change), [change])
  if (rows === null)
    return <p className="py-1 text-note text-quiet">This change is too big to be shown here.</p>
  return (
    <section
      // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable without a mouse
      tabIndex={0}
      aria-label={`Changes to ${change.path}`}
      className="max-h-112 overflow-auto rounded-md border border-line"
    >
      <table className="w-full border-collapse font-mono text-note">
        <tbody>
          {rows.map((row, index) => (
            <tr
              // biome-ignore lint/suspicious/noArrayIndexKey: a line has no identity but its place
              key={index}
              className={clsx(
                row.kind === "added" && "bg-good-tint",
                row.kind === "removed" && "bg-fail-tint",
                row.kind === "gap" && "bg-sunken text-quiet",
              )}
            >
              <td className="w-px px-2 text-right align-top text-soft select-none figures">
                {row.newLine ?? row.oldLine ?? ""}
              </td>
              <td className="w-px pr-1 align-top select-none">{SIGN[row.kind]}</td>
              <td className="pr-3 whitespace-pre-wrap [overflow-wrap:anywhere]">{row.text}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  )
})

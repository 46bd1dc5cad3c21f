import clsx from "clsx"
import { Check, Circle, CircleDot } from "lucide-react"
import type { Session } from "#streams/session"
import { plainText } from "../-app/hidden-characters.ts"
import { Fold } from "./fold.tsx"

/** The agent's own plan: one line with what it is at, which opens to all steps. */
export function Plan({ plan }: { readonly plan: Session["plan"] }) {
  if (plan.length === 0) return null
  const done = plan.filter(({ status }) => status === "completed").length
  const now =
    plan.find(({ status }) => status === "in_progress") ?? plan.find(({ status }) => status === "pending")
  return (
    <section aria-label="Plan" className="shrink-0 border-b border-line">
      <div className="mx-auto max-w-[76ch] px-1 py-0.5 sm:px-2">
        <Fold
          foldKey="plan"
          summary={
            <>
              <span className="shrink-0 font-medium">Plan</span>
              <span className="shrink-0 text-quiet figures">
                {done} of {plan.length}
              </span>
              {now && <span className="min-w-0 truncate text-soft">{plainText(now.content)}</span>}
            </>
          }
        >
          <ol className="max-h-[40dvh] overflow-y-auto text-row">
            {plan.map((entry, index) => (
              <li
                // biome-ignore lint/suspicious/noArrayIndexKey: a step has no identity but its place
                key={index}
                className={clsx(
                  "flex items-start gap-2 py-0.5",
                  entry.status === "completed" && "text-quiet",
                  entry.status === "in_progress" && "font-medium",
                )}
              >
                <StepMark status={entry.status} />
                {plainText(entry.content)}
              </li>
            ))}
          </ol>
        </Fold>
      </div>
    </section>
  )
}

function StepMark({ status }: { readonly status: Session["plan"][number]["status"] }) {
  const look = { size: 14, className: "mt-0.5 shrink-0" }
  if (status === "completed") return <Check {...look} aria-label="done" />
  if (status === "in_progress")
    return <CircleDot {...look} aria-label="at it" className="mt-0.5 shrink-0 text-run" />
  return <Circle {...look} aria-label="to do" />
}

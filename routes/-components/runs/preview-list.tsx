import type { StepId } from "#streams/workflow/step-id"
import { plural } from "../../-app/figures.ts"
import type { Preview } from "../../-app/run-api.ts"
import { stepTitle } from "../../-app/run-words.ts"

const MOST = 40

/** What an action would make run: what has run before, and what has not. */
export function PreviewList({ preview }: { readonly preview: Preview }) {
  const { steps, again } = preview
  const first = steps.filter((id) => !again.includes(id))
  return (
    <section aria-label="What runs" className="flex flex-col gap-2 rounded-md border border-line px-3 py-2">
      {steps.length === 0 && <p className="text-quiet">Nothing that has run runs again.</p>}
      <Names title="Runs again" ids={again} />
      <Names title={again.length === 0 ? "Runs" : "Runs after that, for the first time"} ids={first} />
    </section>
  )
}

function Names({ title, ids }: { readonly title: string; readonly ids: readonly StepId[] }) {
  if (ids.length === 0) return null
  return (
    <div>
      <h3 className="text-note font-medium text-quiet">
        {title}: {plural(ids.length, "step")}
      </h3>
      <ul className="mt-1 flex flex-wrap gap-1.5">
        {ids.slice(0, MOST).map((id) => (
          <li key={id} className="rounded bg-sunken px-1.5 py-0.5 font-mono text-note">
            {stepTitle(id)}
          </li>
        ))}
        {ids.length > MOST && <li className="text-note text-quiet">and {ids.length - MOST} more</li>}
      </ul>
    </div>
  )
}

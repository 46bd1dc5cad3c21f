import { useId } from "react"
import type { TypedWhen } from "../../-app/starters.ts"
import { whenOf } from "../../-app/starters.ts"
import { useUpcoming } from "../../-app/use-upcoming.ts"
import { Field } from "../form-field.tsx"

const KINDS = [
  ["every", "At an interval"],
  ["cron", "At certain times"],
] as const

/** When a schedule starts runs, and the next times at which it would. */
export function WhenFields(props: { readonly when: TypedWhen; readonly onWhen: (when: TypedWhen) => void }) {
  const { when, onWhen } = props
  const id = useId()
  const { times, problem } = useUpcoming(whenOf(when))
  const type = (change: Partial<TypedWhen>) => onWhen({ ...when, ...change })
  const shared = {
    autoComplete: "off",
    autoCapitalize: "off",
    spellCheck: false,
    className: "field font-mono text-row!",
    ...(problem !== null && { "aria-invalid": true, "aria-describedby": `${id}-wrong` }),
  }
  return (
    <>
      <fieldset className="flex flex-wrap gap-x-5 gap-y-1">
        <legend className="mb-1 text-row font-medium">When</legend>
        {KINDS.map(([kind, words]) => (
          <label key={kind} className="flex items-center gap-2 text-row touch:min-h-11">
            <input
              type="radio"
              name={`${id}-kind`}
              className="size-4 accent-accent"
              checked={when.kind === kind}
              onChange={() => type({ kind })}
            />
            {words}
          </label>
        ))}
      </fieldset>
      {when.kind === "every" ? (
        <Field label="Every" htmlFor={`${id}-every`} hint="Such as 30m, 6h or 1d.">
          <input
            {...shared}
            id={`${id}-every`}
            value={when.every}
            onChange={({ target: { value } }) => type({ every: value })}
          />
        </Field>
      ) : (
        <div className="grid gap-x-4 gap-y-5 sm:grid-cols-2">
          <Field
            label="Pattern"
            htmlFor={`${id}-cron`}
            hint="Minute, hour, day, month, weekday: 0 3 * * 1-5."
          >
            <input
              {...shared}
              id={`${id}-cron`}
              value={when.cron}
              onChange={({ target: { value } }) => type({ cron: value })}
            />
          </Field>
          <Field label="Time zone" htmlFor={`${id}-zone`} hint="Empty: that of the server.">
            <input
              {...shared}
              id={`${id}-zone`}
              value={when.timeZone}
              onChange={({ target: { value } }) => type({ timeZone: value })}
            />
          </Field>
        </div>
      )}
      <div role="status" className="min-h-5 text-row">
        {problem !== null ? (
          <p id={`${id}-wrong`} className="text-fail">
            {problem}
          </p>
        ) : (
          times.length > 0 && (
            <>
              <p className="text-quiet">It would start runs at</p>
              <ol aria-label="Next times" className="mt-1 figures">
                {times.map((time) => (
                  <li key={time}>
                    <time dateTime={time}>{new Date(time).toLocaleString(undefined, LONG)}</time>
                  </li>
                ))}
              </ol>
            </>
          )
        )}
      </div>
    </>
  )
}

const LONG: Intl.DateTimeFormatOptions = { dateStyle: "full", timeStyle: "medium" }

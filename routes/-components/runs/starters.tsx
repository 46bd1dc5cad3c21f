import { Link } from "@tanstack/react-router"
import { type ReactNode, useState } from "react"
import { plainText } from "../../-app/hidden-characters.ts"
import { problemOf } from "../../-app/refusal.ts"
import { openRunApi, type Schedule, type Webhook } from "../../-app/run-api.ts"
import { toast } from "../../-app/toast.ts"

/** What starts runs by itself. */
export function Starters(props: {
  readonly schedules: readonly Schedule[]
  readonly webhooks: readonly Webhook[]
  readonly onChanged: () => void
}) {
  const { schedules, webhooks, onChanged } = props
  const api = openRunApi(location.origin)
  if (schedules.length + webhooks.length === 0)
    return <p className="text-quiet">Nothing starts runs by itself.</p>
  return (
    <ul
      aria-label="Schedules and webhooks"
      className="divide-y divide-line rounded-md border border-line text-row"
    >
      {schedules.map((schedule) => (
        <One
          key={schedule.scheduleId}
          name={schedule.workflow}
          what={whenText(schedule)}
          detail={
            <>
              {schedule.nextAt === null ? "paused" : `next ${new Date(schedule.nextAt).toLocaleString()}`}
              {schedule.last?.runId && (
                <>
                  {", last "}
                  <Link
                    to="/w/$runId"
                    params={{ runId: schedule.last.runId }}
                    className="font-mono text-ink underline underline-offset-2"
                  >
                    {schedule.last.runId}
                  </Link>
                </>
              )}
              {schedule.last?.skipped && `, last skipped: ${plainText(schedule.last.skipped)}`}
            </>
          }
          acts={[
            {
              title: schedule.enabled ? "Pause" : "Go on",
              act: () => api.setSchedule({ scheduleId: schedule.scheduleId, enabled: !schedule.enabled }),
            },
            { title: "Remove", act: () => api.unschedule({ scheduleId: schedule.scheduleId }) },
          ]}
          onChanged={onChanged}
        />
      ))}
      {webhooks.map(({ webhookId, workflow, bodyInput, enabled }) => (
        <One
          key={webhookId}
          name={workflow}
          what={<span className="font-mono text-note">webhook {webhookId}</span>}
          detail={[
            ...(enabled ? [] : ["paused"]),
            ...(bodyInput === undefined ? [] : [`its body is the input ${bodyInput}`]),
          ].join(", ")}
          acts={[
            {
              title: enabled ? "Pause" : "Go on",
              act: () => api.setWebhook({ webhookId, enabled: !enabled }),
            },
            { title: "Remove", act: () => api.removeWebhook({ webhookId }) },
          ]}
          onChanged={onChanged}
        />
      ))}
    </ul>
  )
}

interface Act {
  readonly title: string
  readonly act: () => Promise<unknown>
}

function One(props: {
  readonly name: string
  readonly what: ReactNode
  readonly detail: ReactNode
  readonly acts: readonly Act[]
  readonly onChanged: () => void
}) {
  const { name, what, detail, acts, onChanged } = props
  const [busy, setBusy] = useState(false)
  const run = async ({ act }: Act) => {
    setBusy(true)
    const problem = await problemOf(act())
    setBusy(false)
    if (problem !== null) toast(problem)
    onChanged()
  }
  return (
    <li className="flex flex-wrap items-center gap-x-3 gap-y-1 px-3 py-2">
      <span className="font-medium">{plainText(name)}</span>
      <span>{what}</span>
      <span className="text-note text-quiet">{detail}</span>
      <span className="ml-auto flex gap-2">
        {acts.map((act) => (
          <button
            key={act.title}
            type="button"
            className="control"
            aria-label={`${act.title}: ${name}`}
            disabled={busy}
            onClick={() => void run(act)}
          >
            {act.title}
          </button>
        ))}
      </span>
    </li>
  )
}

function whenText({ when }: Schedule): string {
  if (when.type === "cron") return `${when.cron} (${when.timeZone})`
  const minutes = when.everyMs / 60_000
  return minutes >= 1
    ? `every ${minutes % 1 === 0 ? minutes : minutes.toFixed(1)} min`
    : `every ${when.everyMs / 1_000} s`
}

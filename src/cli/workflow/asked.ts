/** What every command on a run shares: what will run again is told and confirmed, and the answer is waited for. */
import type { RunId } from "#streams/ids"
import type { Action } from "#streams/workflow/affected"
import type { RunEvent } from "#streams/workflow/event"
import type { ControlPlane } from "../../plane.ts"
import { Problem } from "../../problem.ts"
import type { Asked } from "../../workflows/plane.ts"
import { confirmed } from "../ask.ts"
import type { Flags } from "../command.ts"
import type { Io } from "../io.ts"
import { usage } from "../refusal.ts"
import { oneLine } from "../terminal.ts"
import type { Elsewhere } from "./elsewhere.ts"

export const CONFIRM = {
  yes: { type: "boolean", short: "y", help: "do not ask" },
  "dry-run": { type: "boolean", help: "only tell what would run" },
} as const satisfies Flags

interface Confirm {
  readonly values: { readonly yes?: boolean; readonly "dry-run"?: boolean }
  readonly json: boolean
  readonly io: Io
  /** Who holds the run, where that is another host. */
  readonly away?: Elsewhere | null
}

/** Tells what the action makes run. `false`: it was not to be done, or not confirmed. */
export async function mayAct(
  plane: ControlPlane,
  runId: RunId,
  action: Action,
  { values, json, io, away = null }: Confirm,
): Promise<boolean> {
  const preview = await plane.workflows.preview({ runId, action })
  const { refused, steps } = preview
  const again = [...new Set([...preview.again, ...(away?.steps ?? [])])]
  if (away !== null && !json)
    io.stderr.write(`A worker on ${oneLine(away.host)} holds it: it is taken over if that does not answer.\n`)
  if (values["dry-run"] === true) {
    io.stdout.write(
      json ? `${JSON.stringify({ runId, action, ...preview, again })}\n` : sentencesOn(steps, again),
    )
    if (refused !== null) throw new Problem("run_refused", `${refused.message} ${refused.hint ?? ""}`.trim())
    return false
  }
  // What cannot be done is refused by the plane, with the same words.
  if (refused !== null || again.length === 0) return true
  if (!json) io.stderr.write(sentencesOn(steps, again))
  if (values.yes === true) return true
  if (json || io.stdin.isTTY !== true)
    throw usage(`${again.join(", ")} will run again: add --yes, or --dry-run to only look.`)
  return await confirmed(io, "Go on?")
}

const sentencesOn = (steps: readonly string[], again: readonly string[]): string => {
  const fresh = steps.filter((id) => !again.includes(id))
  const lines = [
    again.length > 0 ? `Runs again: ${again.join(", ")}\n` : "Nothing runs again.\n",
    fresh.length > 0 ? `Runs after it: ${fresh.join(", ")}\n` : "",
  ]
  return lines.join("")
}

/** Waits until the run's worker has answered, and tells how. Gives the exit code. */
export async function answered(
  plane: ControlPlane,
  { runId, commandId }: Asked,
  { io, json, done }: { readonly io: Io; readonly json: boolean; readonly done: string },
): Promise<number> {
  const over = new AbortController()
  using _ = io.onSignal(() => over.abort())
  for await (const { event } of plane.workflows.follow({ runId, signal: over.signal })) {
    if (event.commandId !== commandId) continue
    over.abort()
    if (event.type === "command_refused") throw refusalIn(event)
    io.stdout.write(json ? `${JSON.stringify({ runId, commandId, event: event.type })}\n` : `${done}\n`)
    return 0
  }
  io.stderr.write(`It is asked, and will be done: ${commandId}\n`)
  return 0
}

const refusalIn = ({ error }: Extract<RunEvent, { type: "command_refused" }>) =>
  new Problem("run_refused", `${error.message} ${error.hint ?? ""}`.trim())

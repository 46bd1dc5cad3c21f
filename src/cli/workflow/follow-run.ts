import type { RunId } from "#streams/ids"
import type { RunEvent } from "#streams/workflow/event"
import type { ControlPlane } from "../../plane.ts"
import type { Io } from "../io.ts"
import { EXIT } from "../refusal.ts"
import { painter } from "../terminal.ts"
import { storyOf } from "./run-story.ts"

/** Tells what happens in a run until it is at rest. Gives the exit code; a signal leaves the run to itself. */
export async function followRun(
  plane: ControlPlane,
  runId: RunId,
  { io, json, offset }: { readonly io: Io; readonly json: boolean; readonly offset?: string | undefined },
): Promise<number> {
  const paint = painter(io.stdout, io)
  const leave = new AbortController()
  using _ = io.onSignal(() => leave.abort())
  if (!json) io.stderr.write(`${paint("dim", runId)}\n`)
  const seen = new Set<string>()
  const { run } = await plane.workflows.status(runId)
  let code: number | null = null
  for await (const { event } of plane.workflows.follow({ runId, offset, signal: leave.signal })) {
    if (seen.has(event.id)) continue
    seen.add(event.id)
    io.stdout.write(json ? `${JSON.stringify({ runId, ...event })}\n` : storyOf(event, paint))
    code = codeAt(event) ?? code
    // What it came to before it went on again is no end of it.
    if (isBefore(event, run)) continue
    if (!isBefore(run, event) && run.status === "running") code = null
    if (code === null) continue
    if (!json && code !== EXIT.ok) io.stderr.write(`Look at it: agentz workflow show ${runId}\n`)
    return code
  }
  io.stderr.write(`${runId} goes on without you. Return to it: agentz workflow tail ${runId}\n`)
  return EXIT.cancelled
}

const isBefore = (one: Place, other: Place): boolean =>
  one.epoch < other.epoch || (one.epoch === other.epoch && one.n < other.n)
type Place = Pick<RunEvent, "epoch" | "n">

function codeAt({ type }: RunEvent): number | null {
  switch (type) {
    case "workflow_complete":
      return EXIT.ok
    case "workflow_failed":
    case "run_paused":
      return EXIT.failed
    case "workflow_cancelled":
      return EXIT.cancelled
    default:
      return null
  }
}

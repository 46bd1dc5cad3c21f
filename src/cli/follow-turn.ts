/** Shows a session's first turn as it happens, passes questions on, and ends with it. */
import type { SessionEvent } from "#streams/event"
import type { RequestId, SessionId } from "#streams/ids"
import type { ControlPlane } from "../plane.ts"
import { askDecision } from "./ask.ts"
import { freshEvents } from "./fresh-events.ts"
import type { Io, Signal } from "./io.ts"
import { narrator } from "./narrator.ts"
import { EXIT, report } from "./refusal.ts"
import { painter } from "./terminal.ts"

interface FollowOptions {
  readonly io: Io
  readonly json: boolean
  /** Whether somebody is there to answer. */
  readonly mayAsk: boolean
}

type Outcome = "completed" | "failed" | "cancelled" | "interrupted"

const EXIT_CODES: Record<Outcome, number> = {
  completed: EXIT.ok,
  failed: EXIT.failed,
  cancelled: EXIT.cancelled,
  interrupted: EXIT.failed,
}

/** As a shell counts the signals that end a command. */
const EXIT_CODES_LEFT: Record<Signal, number> = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 }

/** Gives the exit code. */
export async function followTurn(
  plane: ControlPlane,
  sessionId: SessionId,
  { io, json, mayAsk }: FollowOptions,
): Promise<number> {
  const paint = painter(io.stdout, io)
  const story = narrator(paint, { echo: false })
  const leave = new AbortController()
  const say = (text: string) => io.stderr.write(text)
  using _ = io.onSignal(onSignal(plane, sessionId, { io, json, leave, say }))
  const questions = mayAsk ? asker(plane, sessionId, io) : null
  if (!json) say(`${paint("dim", `${sessionId}`)}\n`)
  let waits = false
  try {
    for await (const { event } of freshEvents(plane.follow({ sessionId, signal: leave.signal }))) {
      io.stdout.write(json ? `${JSON.stringify({ sessionId, ...event })}\n` : story.tell(event))
      if (event.type === "permission_resolved") questions?.settle(event.requestId)
      if (event.type === "permission_request") {
        if (questions !== null) questions.ask(event.requestId)
        else
          say(`Answer it: agentz approve ${sessionId} ${event.requestId} --allow   (or --deny, --always)\n`)
      }
      const outcome = outcomeOf(event, waits)
      if (event.type === "turn_started") waits = false
      if (event.type === "limit_reached") waits = event.resumes
      if (outcome === null) continue
      if (outcome === "interrupted") say(`It can go on: agentz resume ${sessionId}\n`)
      return EXIT_CODES[outcome]
    }
  } catch (error) {
    if (!leave.signal.aborted) throw error
  } finally {
    leave.abort()
    questions?.close()
  }
  say(`${sessionId} runs on without you. Return to it: agentz tail ${sessionId}\n`)
  return EXIT_CODES_LEFT[(leave.signal.reason as Signal) ?? "SIGINT"]
}

/** How the turn ended, if this event ends it. A session that `waits` for a limit to be lifted goes on by itself. */
function outcomeOf(event: SessionEvent, waits: boolean): Outcome | null {
  if (waits) return event.type === "limit_reached" && !event.resumes ? "cancelled" : null
  switch (event.type) {
    case "turn_ended":
      if (event.stopReason === "cancelled") return "cancelled"
      if (event.stopReason === "error") return "failed"
      return event.stopReason === "interrupted" ? "interrupted" : "completed"
    case "session_failed":
      return "failed"
    case "session_interrupted":
    case "session_ended":
      return "interrupted"
    default:
      return null
  }
}

interface SignalOptions {
  readonly io: Io
  readonly json: boolean
  /** Aborted with the signal that made us leave. */
  readonly leave: AbortController
  readonly say: (text: string) => void
}

/** The first Ctrl-C cancels the turn, the second one leaves it alone, as does a terminal that closes. */
function onSignal(plane: ControlPlane, sessionId: SessionId, { io, json, leave, say }: SignalOptions) {
  let asked = false
  return (signal: Signal) => {
    if (asked || signal !== "SIGINT") {
      leave.abort(signal)
      return
    }
    asked = true
    say("\nCancelling the turn. Ctrl-C again leaves it to run on its own.\n")
    plane.cancel(sessionId).catch((error: unknown) => {
      report(error, io, json)
      leave.abort(signal)
    })
  }
}

/** One question at a time at the terminal; one that is answered elsewhere is withdrawn. */
function asker(plane: ControlPlane, sessionId: SessionId, io: Io) {
  const open = new Map<RequestId, AbortController>()
  let turn: Promise<void> = Promise.resolve()

  const put = async (requestId: RequestId, signal: AbortSignal): Promise<void> => {
    const decision = signal.aborted ? null : await askDecision(io, signal)
    if (decision === null && !signal.aborted)
      io.stderr.write(`Answer it: agentz approve ${sessionId} ${requestId} --allow   (or --deny, --always)\n`)
    if (decision !== null) await plane.approve({ sessionId, requestId, decision })
  }
  return {
    ask(requestId: RequestId) {
      const withdrawn = new AbortController()
      open.set(requestId, withdrawn)
      turn = turn
        .then(() => put(requestId, withdrawn.signal))
        .catch((error: unknown) => {
          if (!withdrawn.signal.aborted) report(error, io, false)
        })
    },
    settle: (requestId: RequestId) => open.get(requestId)?.abort(),
    close() {
      for (const withdrawn of open.values()) withdrawn.abort()
    },
  }
}

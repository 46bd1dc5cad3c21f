/** What a daemon says: in the stream of its session, and in the list of all sessions, which follows that. */
import { activityWriter } from "#streams/activity-writer"
import { errorText } from "#streams/error-text"
import type { Unstamped } from "#streams/event"
import { openPublisher, type Publisher } from "#streams/publisher"
import type { Session } from "#streams/session"
import type { Spool } from "#streams/spool"
import type { FindEndpoint, StreamError } from "#streams/transport"
import { logCrash } from "./log.ts"
import type { Redactor } from "./redact.ts"
import type { DaemonSpec } from "./spec.ts"
import type { Storage } from "./storage.ts"
import type { DaemonTelemetry } from "./telemetry/daemon-telemetry.ts"

/** How long a crash may wait for the store. */
const CRASH_MS = 2_000

export interface Voice extends Disposable {
  readonly publisher: Publisher
  readonly session: () => Session
  /** Without a secret that the daemon knows. */
  readonly publish: Publisher["publish"]
  /** Up to there the inbox was taken. */
  took(offset: string): void
  /** Why the store takes nothing more of it; `null` while it does. */
  readonly refused: StreamError | null
  /** Resolves when all that was said is in its stream. */
  flushed(): Promise<true>
}

export interface VoiceOptions {
  readonly endpoint: FindEndpoint
  readonly spool: Spool
  readonly redactor: Redactor
  readonly telemetry: DaemonTelemetry
  readonly storage: Storage
  /** What it says before all else. */
  readonly first: (before: Session) => readonly Unstamped[]
  /** Aborted when the daemon has nothing more to say. */
  readonly gone: AbortSignal
  readonly onRefused: (error: StreamError) => void
}

export async function openVoice(
  { sessionId, epoch }: Pick<DaemonSpec, "sessionId" | "epoch">,
  { endpoint, spool, redactor, telemetry, storage, first, gone, onRefused }: VoiceOptions,
): Promise<Voice> {
  let refused: StreamError | null = null
  let place = ""
  const activity = activityWriter(endpoint, {
    sessionId,
    epoch,
    signal: gone,
    acknowledged: (seq) => publisher.acknowledged(seq),
  })
  const publisher = await openPublisher({
    ...{ endpoint, sessionId, epoch, spool, first },
    fetch: telemetry.fetch,
    onFatal: (error) => {
      refused = error
      onRefused(error)
    },
    onBehind: (behind, reason) => storage.behind(behind, reason),
  })
  storage.backlog = () => publisher.backlog
  telemetry.backlog = () => publisher.backlog
  return {
    publisher,
    session: () => publisher.session,
    publish(event) {
      const published = publisher.publish(redactor.value(event))
      activity.changed(publisher.session, place)
      telemetry.saw(published)
      return published
    },
    took(offset) {
      place = offset
      activity.changed(publisher.session, place)
    },
    get refused() {
      return refused
    },
    flushed: () => Promise.all([publisher.flushed(), activity.flushed()]).then(() => true as const),
    [Symbol.dispose]: () => publisher[Symbol.dispose](),
  }
}

/** From now on a crash says so in the stream, if it can in time, and in the log always. */
export function tellCrashes({ publisher, session, publish }: Voice): void {
  const crash = (error: unknown) => {
    logCrash(error)
    publish({
      type: session().turnId ? "session_interrupted" : "session_failed",
      error: {
        code: "daemon_crashed",
        message: `The daemon crashed: ${errorText(error)}`,
        hint: "Resume the session to go on.",
      },
    })
    void Promise.race([publisher.flushed().catch(() => undefined), elapsed(CRASH_MS)]).then(() =>
      process.exit(1),
    )
  }
  process.on("uncaughtException", crash)
  process.on("unhandledRejection", crash)
}

export const elapsed = (ms: number) =>
  new Promise<null>((resolve) => setTimeout(() => resolve(null), ms).unref())

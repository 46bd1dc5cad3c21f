/** Holds a session: opens all that belongs to it, does what its inbox asks, and leaves when there is nothing more to do. */
import { follow } from "#streams/follow"
import { paths } from "#streams/paths"
import type { Publisher } from "#streams/publisher"
import { limitsAfter } from "#streams/session-limits"
import { tailOf } from "#streams/stream"
import { addressOf, authorization, StreamError } from "#streams/transport"
import { dialectOf } from "./acp/dialects.ts"
import { type Approvals, approvals as openApprovals } from "./approvals.ts"
import { attachedFiles } from "./attached-files.ts"
import { checkpointsOf } from "./checkpoints.ts"
import { diskGrowth } from "./disk-growth.ts"
import { endpointOf } from "./endpoint.ts"
import { firstWords } from "./first-words.ts"
import { repositoryOf } from "./git/repository.ts"
import { filesOf } from "./home.ts"
import { limitsOf } from "./limits.ts"
import { log } from "./log.ts"
import { offerNotes } from "./notes/offer.ts"
import { noteToolsFor } from "./notes/server.ts"
import { followRules } from "./permissions/followed-rules.ts"
import { markerOf } from "./process/belongings.ts"
import type { Enclosure } from "./process/enclosure.ts"
import { pushingOf } from "./pushing.ts"
import type { Redactor } from "./redact.ts"
import { type Ending, runSession } from "./session.ts"
import { sessionAgent } from "./session-agent.ts"
import { openSpoolAnyhow } from "./set-aside.ts"
import { setUpOf } from "./set-up.ts"
import type { DaemonSpec } from "./spec.ts"
import { bypassNotice } from "./start-notices.ts"
import type { Storage } from "./storage.ts"
import { tearDownOf } from "./tear-down.ts"
import type { DaemonTelemetry } from "./telemetry/daemon-telemetry.ts"
import { elapsed, openVoice, tellCrashes } from "./voice.ts"

/** How long the end of a daemon may wait for the store. What is not sent stays in the spool. */
const LAST_WORDS_MS = 8_000

export interface Held {
  readonly shutdown: AbortController
  readonly enclosure: Enclosure
  readonly telemetry: DaemonTelemetry
  readonly storage: Storage
  readonly redactor: Redactor
  /** Opens the notes of the session to its agent. */
  readonly notesToken: string
  /** What tools are started with: what every program needs, and no key. */
  readonly toolEnv: Readonly<Record<string, string>>
}

/** `told`: all that was said is in its stream. `kept`: the next daemon sends what is lacking there. Or why it was shut out. */
export type Leaving = "told" | "kept" | StreamError

export async function hold(spec: DaemonSpec, held: Held): Promise<Leaving> {
  const { sessionId, epoch, home, agentType, workingDir, permissionMode } = spec
  const { shutdown, enclosure, telemetry, storage, redactor, notesToken, toolEnv } = held
  const files = filesOf(home, sessionId)
  const { spool, notices } = openSpoolAnyhow(files.spool)
  const endpoint = endpointOf(home, spec.streams)
  const gone = new AbortController()
  const repository = await repositoryOf(workingDir)
  let limits = spec.limits ?? {}
  const disk = diskGrowth({
    dirs: [workingDir, files.dir],
    baseline: files.disk,
    limitMb: () => limits.diskMb,
  })

  using voice = await openVoice(spec, {
    ...{ endpoint, spool, redactor, telemetry, storage },
    first: (before) => firstWords(spec, { isolation: enclosure.isolation, repository, notices }, before),
    gone: gone.signal,
    onRefused: (error) => shutdown.abort(error),
  })
  const { session, publisher } = voice
  const publish: Publisher["publish"] = (event) => {
    const published = voice.publish(event)
    if (published.type === "checkpoint" || published.type === "turn_ended") pushing.nudge()
    return published
  }
  const pushing = pushingOf({
    ...{ home, sessionId, workingDir, publish, session, target: spec.push },
    env: { ...spec.gitEnv, ...markerOf({ home, sessionId, epoch }) },
  })
  tellCrashes(voice)
  const mode = () => session().permissionMode ?? permissionMode
  const rules = followRules(endpoint, {
    signal: gone.signal,
    onChange: () => approvals.reconsider(),
    onRefused: (reason) => log("rules_refused", `${reason} Every call is asked about.`),
  })
  const approvals: Approvals = openApprovals({
    ...{ session, publish, agentType, workingDir, mode, rules },
    noteTools: noteToolsFor(spec),
  })
  const commands = { workingDir, publish, session, place: { enclosure, toolEnv } }
  const checkpoints = checkpointsOf({
    ...{ home, sessionId, workingDir, publish, session },
    takeDown: tearDownOf({ ...commands, tearDown: spec.tearDown, signal: shutdown.signal }),
  })
  await using notes = offerNotes({
    ...{ publish, checkpoints, session, token: notesToken, offered: spec.notes !== false },
    flushed: () => publisher.flushed(),
  })
  const attached = attachedFiles(endpoint, { signal: shutdown.signal })
  const agent = sessionAgent(spec, {
    ...{ session, publish, mode, enclosure, toolEnv, disk, notes, attached },
    ready: () => publisher.ready(),
  })

  let ending: Ending
  let refused: StreamError | null = null
  try {
    ending = await runSession({
      ...{ publisher, publish, session, redactor, approvals, checkpoints, notes, pushing, epoch, shutdown },
      keepBlob: publisher.keep,
      dialect: dialectOf(agentType),
      onLimit: spec.onLimit,
      makeReady: setUpOf({ ...commands, setUp: spec.setUp }),
      watch: limitsOf({ sessionId, limits: () => limits, enclosure, disk }),
      setLimits: (asked) => {
        limits = limitsAfter(limits, asked)
        enclosure.limit(limits)
        publish({ type: "limits_changed", limits })
      },
      agent: agent.get,
      dropAgent: agent.drop,
      killTools: agent.endTools,
      setMode: (next) => {
        publish({ type: "mode_changed", mode: next })
        if (next === "bypass") publish(bypassNotice)
        approvals.reconsider()
        agent.setMode(next)
      },
      setOption: agent.setOption,
      resume: spec.resume,
      idleMs: spec.idleSeconds * 1000,
      inbox: follow({
        url: () => addressOf(endpoint(), paths.inbox(sessionId)),
        headers: () => authorization(endpoint()),
        signal: shutdown.signal,
      }),
      inboxTail: () => tailOf(endpoint, paths.inbox(sessionId), { signal: shutdown.signal }),
      onPlace: voice.took,
    })
  } catch (error) {
    if (!(error instanceof StreamError)) throw error
    refused = error
    ending = "fenced"
  }
  await Promise.race([Promise.all([agent.drop(), pushing.stop()]), elapsed(LAST_WORDS_MS)])
  refused = voice.refused ?? refused
  if (refused !== null || ending === "fenced")
    return refused ?? new StreamError("stale_epoch", "A newer daemon was granted the session.")
  const inTime = await Promise.race([voice.flushed(), elapsed(LAST_WORDS_MS)])
  gone.abort()
  return inTime === true ? "told" : "kept"
}

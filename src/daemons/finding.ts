/**
 * What is to be done about a session, from what was found of it. Pure: every time here is how long this control
 * plane has seen something, by its own monotonic clock, so no jump of the system's clock ends or prolongs anything.
 */
import type { RegistryEntry } from "#streams/registry"
import { needsDaemon, type Session } from "#streams/session"
import type { Inbox } from "../grant.ts"
import { isAsked, notWaited } from "./asked.ts"

/** A daemon that was started and has not said so in its stream after this long never will. */
export const START_LIMIT_MS = 10_000
/** A daemon that does not answer for this long is not alive for anybody who waits for it. */
export const SILENCE_LIMIT_MS = 12_000
/** One that is silent for this long and could answer is ended. */
const HANG_LIMIT_MS = 60_000
/** So many daemons in a row may end at their start; then the session has failed, and a person looks at its log. */
const START_ATTEMPTS = 3
/** Before the second and the third of them. */
const PAUSES_MS = [0, 1_000, 4_000]

export interface Found {
  readonly entry: RegistryEntry
  readonly session: Session
  readonly inbox: Inbox
  readonly host: string
  /** A limit that it waited for is lifted: the one thing that a person's clock decides. */
  readonly due: boolean
  /** Checkpoints are to be brought to a remote, and it is time. */
  readonly pushDue: boolean
  readonly daemon:
    | { readonly state: "alive" }
    | { readonly state: "silent"; readonly forMs: number; readonly stopped: boolean }
    /** `mayCome`: the newest grant is not spent; some process may still turn it into a daemon. */
    | { readonly state: "dead"; readonly forMs: number; readonly mayCome: boolean }
}

export type Finding =
  | { readonly do: "nothing" }
  | { readonly do: "start"; readonly resume: boolean }
  /** Say on behalf of a dead daemon how its session stands. */
  | { readonly do: "close"; readonly why: Why }
  /** End a daemon that is there and answers nobody. */
  | { readonly do: "end" }
  /** The stream is at rest and its row says otherwise: its daemon died between the two. */
  | { readonly do: "restate" }

/**
 * `lost`: it was at work. `never_came`: it ended, or 10 s passed, before it spoke, each time it was tried. `taken_over`:
 * it is on a host that does not answer, and what it is for goes on here.
 */
export type Why = "lost" | "never_came" | "taken_over"

export function findingOf({ entry, session, inbox, host, due, pushDue, daemon }: Found): Finding {
  if (daemon.state === "alive") return { do: "nothing" }
  if (isOnAnotherHost(session, host)) return { do: "nothing" }

  if (daemon.state === "silent") {
    if (daemon.forMs >= SILENCE_LIMIT_MS && needsDaemon(session.status)) return { do: "close", why: "lost" }
    return daemon.forMs >= HANG_LIMIT_MS && !daemon.stopped ? { do: "end" } : { do: "nothing" }
  }

  const attempts = startsInVain(session, inbox)
  const again = (resume: boolean): Finding => {
    if (attempts >= START_ATTEMPTS) return { do: "close", why: "never_came" }
    return daemon.forMs < (PAUSES_MS[attempts] ?? 0) ? { do: "nothing" } : { do: "start", resume }
  }
  // Asked for by a control plane that died before it could start anything.
  if (inbox.epoch === 0) return isAsked(session, inbox) ? again(false) : { do: "nothing" }
  if (session.epoch < inbox.daemonEpoch) {
    if (!daemon.mayCome) return again(inbox.daemonGrant?.resume ?? false)
    return daemon.forMs < START_LIMIT_MS ? { do: "nothing" } : { do: "close", why: "never_came" }
  }
  if (needsDaemon(session.status) || notWaited(session, inbox).length > 0) return { do: "close", why: "lost" }
  if (isAsked(session, inbox)) return again(session.approvals.length > 0)
  if (due) return again(true)
  if (pushDue) return again(false)
  const row = entry.activity
  return row && (needsDaemon(entry.status) || row.seq < session.seq) ? { do: "restate" } : { do: "nothing" }
}

/** It has a daemon on another host than this one: only that one can tell whether it lives. */
export const isOnAnotherHost = ({ daemon }: Pick<Session, "daemon">, host: string): boolean =>
  daemon !== null && daemon.host !== host

/** Daemons in a row that came and did nothing, and those after them that never came. */
function startsInVain(session: Session, { commands }: Inbox): number {
  const grants = commands.filter((command) => command.type === "starting" && command.purpose === "daemon")
  return (
    session.startsInVain +
    grants.filter((grant) => grant.type === "starting" && grant.epoch > session.epoch).length
  )
}

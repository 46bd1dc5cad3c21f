/**
 * Every stream name, in one place. A name has at most two segments and 100 bytes and the first one is the id:
 * replicated Durable Streams servers place streams by it, so a session's streams stay together.
 */
import type { RunId, SessionId } from "./ids.ts"

export const paths = {
  /** State Protocol rows: one `session` and one `activity` row per session. */
  registry: "__registry__",
  /** State Protocol rows: what was allowed or refused for good. */
  rules: "__rules__",
  /** State Protocol rows: one `run` and one `progress` row per run of a workflow. */
  runs: "__runs__",
  /** State Protocol rows: the workflows that are known by name, what starts them by itself, and what it has started. */
  workflows: "__workflows__",
  /** What happened. Only the daemon that holds the current epoch writes it, or the reconciler after its death. */
  events: (sessionId: SessionId) => `${sessionId}/events`,
  /** What is asked, and the epoch grants. Only the control plane writes it. */
  inbox: (sessionId: SessionId) => `${sessionId}/inbox`,
  /** Instead of `events` while the session is archived: what was said, without deltas. Each epoch's copy has its own. */
  archive: (sessionId: SessionId, epoch: number) => `${sessionId}/archive-${epoch}`,
  /** What is too large for an event, by the first 32 hex digits of its SHA-256. */
  blob: (ownerId: SessionId | RunId, hash: string) => `${ownerId}/blob-${hash}`,
  /** What happened in a run. Only the worker that holds its claim writes it. */
  runEvents: (runId: RunId) => `${runId}/events`,
  /** What is asked of a run. Everybody but its worker writes it. */
  runInbox: (runId: RunId) => `${runId}/inbox`,
} as const

const NAME =
  /^(__registry__|__rules__|__runs__|__workflows__|[a-z0-9][a-z0-9_-]{0,63}(\/[a-z][a-z0-9_-]{0,36})?)$/

/** Whether `name` is a stream of ours. The grammar is closed: no dots, no encoding, no third segment. */
export const isStreamName = (name: string): boolean => NAME.test(name)

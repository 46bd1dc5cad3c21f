/**
 * Reads a session from its events. Pure, and it never reads a clock: given the same stream it is the same session
 * on any machine.
 *
 * Two rules make at-least-once delivery enough: an event whose `seq` was seen is ignored, and so is whatever a
 * lower epoch says after a higher one spoke.
 */
import type { SessionEvent } from "./event.ts"
import type { RequestId } from "./ids.ts"
import { forgotten, noteAfter } from "./note.ts"
import { applyPermissionEvent } from "./permission-fold.ts"
import { needsDaemon, type Session } from "./session.ts"
import { type Draft, draftOf, place } from "./session-draft.ts"
import { applyTurnEvent, closeTurn } from "./turn-fold.ts"
import { workspaceAfter } from "./workspace-fold.ts"

/** Applies one event. See {@link foldSession}. */
export const reduceSession = (session: Session, event: SessionEvent): Session => foldSession(session, [event])

/**
 * Applies events in order; the given session is not changed. Items keep their identity unless an event touched
 * them, so a view can compare by reference. Costs one copy of the item list per call: hand over batches.
 */
export function foldSession(session: Session, events: Iterable<SessionEvent>): Session {
  let draft: Draft | null = null
  for (const event of events) {
    const epoch = draft?.epoch ?? session.epoch
    if (event.epoch < epoch) continue
    if (event.seq <= (draft?.seq ?? session.seq)) {
      // Seen already, but a new writer spoke: what the old one says from here on is void.
      if (event.epoch > epoch) {
        draft ??= draftOf(session)
        draft.epoch = event.epoch
      }
      continue
    }
    draft ??= draftOf(session)
    draft.seq = event.seq
    draft.epoch = event.epoch
    draft.updatedAt = event.at
    draft.startedAt ??= event.at
    apply(draft, event)
  }
  if (!draft) return session
  const { places: _, ...folded } = draft
  return folded
}

/** What a daemon that cannot work may still say. */
const IN_VAIN: ReadonlySet<SessionEvent["type"]> = new Set(["agent_started", "agent_exited", "notice"])

function apply(draft: Draft, event: SessionEvent): void {
  if (event.type === "session_started") draft.startsInVain += 1
  else if (!IN_VAIN.has(event.type)) draft.startsInVain = 0
  switch (event.type) {
    case "session_started":
      // A daemon that finds a turn still open took over from one that could not close it.
      if (draft.turnId) draft.note = forgotten(draft.note, "interrupted")
      // The first daemon of a fork.
      if (draft.agentType === null) draft.note = forgotten(draft.note, "forked")
      if (draft.turnId) closeTurn(draft, event, "interrupted", null)
      draft.agentType = event.agentType
      draft.workingDir = event.workingDir
      draft.model = event.model ?? null
      draft.permissionMode = event.permissionMode
      draft.limits = event.limits ?? {}
      draft.daemon = { pid: event.pid, startTime: event.startTime, bootId: event.bootId, host: event.host }
      draft.host = event.host
      draft.git = event.git ?? null
      return

    case "forked_from":
      draft.forkedFrom = { sessionId: event.sessionId, seq: event.forkSeq }
      // It may take no turn of the other one along, and is at rest all the same.
      draft.status = "completed"
      return

    case "agent_started":
      // Another conversation counts its cost anew, and knows nothing of the one before.
      if (draft.agentSessionId !== event.agentSessionId) {
        draft.reportedCostUsd = null
        draft.note = forgotten(draft.note, "memory_lost")
      }
      draft.agentSessionId = event.agentSessionId
      return

    case "agent_exited":
      return

    case "user_message":
    case "message_withdrawn":
    case "message_steered":
    case "turn_started":
    case "agent_message_chunk":
    case "agent_thought_chunk":
    case "message_reset":
    case "agent_message":
    case "tool_call":
    case "tool_call_update":
    case "turn_ended":
      applyTurnEvent(draft, event)
      return

    case "plan":
      draft.plan = event.entries
      return

    case "permission_request":
    case "permission_resolved":
    case "permission_ruled":
      applyPermissionEvent(draft, event)
      return

    case "mode_changed":
      draft.permissionMode = event.mode
      return

    case "config_options":
      draft.configOptions = event.options
      return

    case "available_commands":
      draft.commands = event.commands
      return

    case "usage":
      draft.usage = {
        inputTokens: draft.usage.inputTokens + event.inputTokens,
        outputTokens: draft.usage.outputTokens + event.outputTokens,
        costUsd:
          event.costUsd === undefined ? draft.usage.costUsd : (draft.usage.costUsd ?? 0) + event.costUsd,
      }
      if (event.contextUsed !== undefined)
        draft.context = { used: event.contextUsed, size: event.contextSize ?? draft.context?.size ?? null }
      if (event.reportedCostUsd !== undefined) draft.reportedCostUsd = event.reportedCostUsd
      if (event.model !== undefined) draft.answeredBy = event.model
      return

    case "limits_changed":
      draft.limits = event.limits
      return

    case "notice":
      draft.items.push({
        ...place(event, event.id),
        type: "notice",
        severity: event.severity,
        category: event.category,
        title: event.title,
        ...(event.hint !== undefined && { hint: event.hint }),
      })
      return

    case "limit_reached": {
      const { kind, message, until, resumes, turnId = null } = event
      if (draft.limit === null || draft.limit.turnId !== turnId) draft.limitsInARow += 1
      draft.limit = { kind, message, until, resumes, turnId }
      return
    }

    case "checkpoint": {
      const { n, seq, at, when, turnId, requestId, note, commit, tree, head, changed, leftOut } = event
      const mark = { n, seq, at, when, turnId, note, commit, tree, head, changed, leftOut }
      draft.checkpoints = [...draft.checkpoints, { ...mark, turn: draft.turns }]
      settle(draft, requestId)
      return
    }

    case "restored":
      settle(draft, event.requestId)
      return

    case "files_refused":
      settle(draft, event.requestId)
      draft.filesRefused = { requestId: event.requestId, error: event.error }
      return

    case "workspace_pushed":
    case "workspace_push_failed":
      settle(draft, event.requestId)
      draft.workspace = workspaceAfter(draft.workspace, event)
      return

    case "workspace_recovered":
    case "workspace_lost":
      draft.workspace = workspaceAfter(draft.workspace, event)
      return
    case "note_written":
    case "note_given":
    case "context_compacted": {
      const { note, item } = noteAfter(draft, event)
      draft.note = note
      if (item) draft.items.push({ ...place(event, event.id), ...item })
      return
    }

    case "session_ended":
      draft.daemon = null
      return

    case "session_failed":
      if (draft.turnId) closeTurn(draft, event, "error", event.error)
      else
        draft.items.push({
          ...place(event, event.id),
          type: "notice",
          severity: "error",
          category: event.error.code,
          title: event.error.message,
          ...(event.error.hint !== undefined && { hint: event.error.hint }),
        })
      draft.status = "failed"
      draft.error = event.error
      draft.daemon = null
      if (draft.limit?.resumes) draft.limit = afterFailedStart(draft, event)
      return

    case "session_interrupted":
      if (draft.turnId) draft.note = forgotten(draft.note, "interrupted")
      if (draft.turnId) closeTurn(draft, event, "interrupted", event.error)
      else if (needsDaemon(draft.status)) draft.status = "interrupted"
      draft.error = event.error
      draft.daemon = null
      return
  }
}

function settle(draft: Draft, requestId: RequestId | undefined): void {
  if (requestId !== undefined) draft.settled = [...draft.settled, requestId]
}

const RETRY_START_MS = 60_000
const MOST_STARTS = 5

/** The daemon that was to go on when the limit was lifted did not come: again in a minute, but not for ever. */
function afterFailedStart(draft: Draft, { at }: SessionEvent): Session["limit"] {
  draft.limitsInARow += 1
  const until = new Date(Date.parse(at) + RETRY_START_MS).toISOString()
  return draft.limit && { ...draft.limit, until, resumes: draft.limitsInARow <= MOST_STARTS }
}

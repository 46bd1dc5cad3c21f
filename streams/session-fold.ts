/**
 * Reads a session from its events. Pure, and it never reads a clock: given the same stream it is the same session
 * on any machine.
 *
 * Two rules make at-least-once delivery enough: an event whose `seq` was seen is ignored, and so is whatever a
 * lower epoch says after a higher one spoke.
 */
import type { Failure, SessionEvent, StopReason, ToolKind, ToolStatus } from "./event.ts"
import type { RequestId, TurnId } from "./ids.ts"
import { forgetFrom, noPlaces, type Places, placeOf } from "./item-places.ts"
import { forgotten, noteAfter } from "./note.ts"
import { type Item, type ItemOf, lastLineOf, needsDaemon, type Session, type Status } from "./session.ts"
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

type Draft = { -readonly [Key in keyof Session]: Session[Key] } & { items: Item[]; places: Places }

const draftOf = (session: Session): Draft => ({
  ...session,
  items: session.items.slice(),
  places: noPlaces(),
})

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
      if (draft.taken.includes(event.messageId)) return
      draft.taken = [...draft.taken, event.messageId]
      draft.queue = [
        ...draft.queue,
        { messageId: event.messageId, text: event.text, ...withAttachments(event) },
      ]
      draft.lastLine = lastLineOf(event.text)
      draft.items.push({
        ...place(event, event.messageId),
        type: "user",
        messageId: event.messageId,
        text: event.text,
        turnId: null,
        ...withAttachments(event),
      })
      return

    case "message_withdrawn":
      if (!draft.queue.some(({ messageId }) => messageId === event.messageId)) return
      draft.queue = draft.queue.filter(({ messageId }) => messageId !== event.messageId)
      takeOut(draft, event.messageId)
      return

    case "message_steered":
      if (draft.turnId !== event.turnId) return
      draft.queue = draft.queue.filter(({ messageId }) => messageId !== event.messageId)
      moveToEnd(draft, { ...event, steered: true })
      return

    case "turn_started":
      if (draft.turnId) closeTurn(draft, event, "interrupted", null)
      draft.turnId = event.turnId
      draft.turns += 1
      draft.status = "running"
      draft.error = null
      draft.limit = null
      draft.queue = draft.queue.filter(({ messageId }) => messageId !== event.messageId)
      if (event.messageId) moveToEnd(draft, event)
      return

    case "agent_message_chunk":
      openText(draft, "message", event).text += event.text
      return

    case "agent_thought_chunk":
      openText(draft, "thought", event).text += event.text
      return

    case "message_reset":
      openText(draft, "message", event).text = ""
      return

    case "agent_message": {
      const item = openText(draft, "message", event)
      item.text = event.text
      item.done = true
      draft.lastLine = lastLineOf(event.text) || draft.lastLine
      return
    }

    case "tool_call":
    case "tool_call_update": {
      const tool = openTool(draft, event, event)
      if (event.title !== undefined) tool.title = event.title
      if (event.kind !== undefined) tool.kind = event.kind
      if (event.status !== undefined) tool.status = event.status
      if (event.locations !== undefined) tool.locations = event.locations
      if (event.input !== undefined) tool.input = event.input
      if (event.content !== undefined) tool.content = event.content
      if (event.output !== undefined) tool.output = event.output
      if (event.outputTruncated !== undefined) tool.outputTruncated = event.outputTruncated
      if (event.outputBlob !== undefined) tool.outputBlob = event.outputBlob
      if (event.exitCode !== undefined) tool.exitCode = event.exitCode
      if (event.interrupted !== undefined) tool.interrupted = event.interrupted
      if (event.type === "tool_call_update" && event.appendOutput !== undefined)
        tool.output += event.appendOutput
      draft.lastLine = tool.title
      return
    }

    case "plan":
      draft.plan = event.entries
      return

    case "permission_request": {
      const { requestId, turnId, toolCallId, title, kind, input, inputHash, content, decisions } = event
      const { touches, denyEndsTurn, options } = event
      const request = {
        ...{ requestId, turnId, toolCallId, title, kind, input, inputHash, content, decisions },
        ...{ touches, denyEndsTurn, options },
      }
      draft.approvals = [...draft.approvals.filter((open) => open.requestId !== requestId), request]
      upsert(draft, "permission", requestId, event, () => ({ request, decision: null, by: null })).request =
        request
      draft.status = statusInTurn(draft)
      return
    }

    case "permission_resolved": {
      const request = draft.approvals.find(({ requestId }) => requestId === event.requestId)
      draft.approvals = draft.approvals.filter(({ requestId }) => requestId !== event.requestId)
      if (request) {
        const item = upsert(draft, "permission", event.requestId, event, () => ({
          request,
          decision: null,
          by: null,
        }))
        item.decision = event.decision
        item.by = event.by
        if (event.note !== undefined) item.note = event.note
      }
      draft.status = statusInTurn(draft)
      return
    }

    case "permission_ruled": {
      const { decision, by, reason, ruleId = null } = event
      const { toolCallId, turnId, title, kind } = event
      const tool = openTool(draft, { toolCallId, turnId, title, kind }, event)
      tool.ruling = { decision, by, reason, ruleId }
      return
    }

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

    case "turn_ended":
      closeTurn(draft, event, event.stopReason, event.error ?? null)
      return

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

const place = (event: SessionEvent, key: string) => ({ key, seq: event.seq, at: event.at })

const statusInTurn = (draft: Draft): Status =>
  draft.turnId === null
    ? draft.status
    : draft.approvals.some(({ turnId }) => turnId === draft.turnId)
      ? "waiting"
      : "running"

const RETRY_START_MS = 60_000
const MOST_STARTS = 5

/** The daemon that was to go on when the limit was lifted did not come: again in a minute, but not for ever. */
function afterFailedStart(draft: Draft, { at }: SessionEvent): Session["limit"] {
  draft.limitsInARow += 1
  const until = new Date(Date.parse(at) + RETRY_START_MS).toISOString()
  return draft.limit && { ...draft.limit, until, resumes: draft.limitsInARow <= MOST_STARTS }
}

/** The status that a turn leaves behind. */
const STATUS_AFTER: Record<StopReason, Status> = {
  end_turn: "completed",
  max_tokens: "completed",
  max_turn_requests: "completed",
  refusal: "completed",
  cancelled: "cancelled",
  error: "failed",
  interrupted: "interrupted",
}

/** Nothing stays open past the end of its turn: texts are done, calls that had no end were cut off. */
function closeTurn(draft: Draft, event: SessionEvent, stopReason: StopReason, error: Failure | null): void {
  const { turnId } = draft
  if (turnId === null) return
  for (let index = draft.items.length - 1; index >= 0; index--) {
    const item = draft.items[index]
    if (item === undefined || item.type === "turn_end") break
    if ((item.type === "message" || item.type === "thought") && !item.done)
      draft.items[index] = { ...item, done: true }
    if (item.type === "tool" && (item.status === "pending" || item.status === "in_progress"))
      draft.items[index] = { ...item, status: "failed", interrupted: true }
  }
  // An interrupted turn keeps its approvals: they can be answered after the restart. Any other end settles them.
  if (stopReason !== "interrupted") {
    for (const request of draft.approvals.filter((open) => open.turnId === turnId))
      upsert(draft, "permission", request.requestId, event, () => ({
        request,
        decision: null,
        by: null,
      })).decision = "cancelled"
    draft.approvals = draft.approvals.filter((open) => open.turnId !== turnId)
  }
  draft.items.push({ ...place(event, `${turnId}/end`), type: "turn_end", turnId, stopReason, error })
  draft.turnId = null
  if (stopReason !== "error") draft.limitsInARow = 0
  draft.status = STATUS_AFTER[stopReason]
  draft.error = error
}

/** A queued message is read where a turn begins with it or takes it in, not where it was typed. */
function moveToEnd(
  draft: Draft,
  {
    turnId,
    messageId,
    seq,
    steered,
  }: Pick<SessionEvent, "seq"> & { turnId: TurnId; messageId?: string | undefined; steered?: true },
): void {
  const item = takeOut(draft, messageId)
  if (item?.type === "user") draft.items.push({ ...item, turnId, seq, ...(steered && { steered }) })
}

function takeOut(draft: Draft, key: string | undefined): Item | undefined {
  const index = key === undefined ? -1 : placeOf(draft, key)
  if (index < 0) return undefined
  forgetFrom(draft, index)
  return draft.items.splice(index, 1)[0]
}

const withAttachments = ({ attachments }: Extract<SessionEvent, { type: "user_message" }>) =>
  attachments && { attachments }

type Writable<Type> = { -readonly [Key in keyof Type]: Type[Key] }
type Rest<Type extends Item["type"]> = Omit<ItemOf<Type>, "type" | "key" | "seq" | "at">

/** The item with that key as a fresh copy that may be written to, made where there is none. */
function upsert<Type extends Item["type"]>(
  draft: Draft,
  type: Type,
  key: string,
  event: SessionEvent,
  make: () => Rest<Type>,
): Writable<ItemOf<Type>> {
  const index = placeOf(draft, key)
  const found = draft.items[index]
  const item = (found?.type === type ? { ...found } : { ...place(event, key), type, ...make() }) as Writable<
    ItemOf<Type>
  >
  if (found?.type === type) draft.items[index] = item as Item
  else draft.items.push(item as Item)
  return item
}

/**
 * With the turn in it: an agent that is started anew may count its messages and calls from one again, and what it
 * said before stays.
 */
const textKey = (
  type: "message" | "thought",
  { messageId, turnId }: { readonly messageId: string; readonly turnId: TurnId },
) => `${messageId}/${type}/${turnId}`
const toolKey = ({ toolCallId, turnId }: { readonly toolCallId: string; readonly turnId: TurnId }) =>
  `tool/${toolCallId}/${turnId}`

const openText = (
  draft: Draft,
  type: "message" | "thought",
  event: Extract<SessionEvent, { messageId: string; turnId: TurnId }>,
) => {
  closeTextsBefore(draft, textKey("thought", event))
  return upsert(draft, type, textKey(type, event), event, () => ({
    turnId: event.turnId,
    text: "",
    done: false,
  }))
}

/** A thought has no closing event of its own: it is done when something else begins. */
function closeTextsBefore(draft: Draft, key: string): void {
  const last = draft.items.length - 1
  const item = draft.items[last]
  if (item?.type === "thought" && !item.done && item.key !== key) draft.items[last] = { ...item, done: true }
}

const openTool = (
  draft: Draft,
  call: {
    readonly toolCallId: string
    readonly turnId: TurnId
    readonly title?: string | undefined
    readonly kind?: ToolKind | undefined
    readonly status?: ToolStatus | undefined
  },
  event: SessionEvent,
) => {
  closeTextsBefore(draft, "")
  // What a call that was told in an earlier turn still does belongs there.
  const earlier =
    event.type === "tool_call_update"
      ? draft.items.findLast((item) => item.type === "tool" && item.toolCallId === call.toolCallId)
      : undefined
  return upsert(draft, "tool", earlier?.key ?? toolKey(call), event, () => ({
    turnId: call.turnId,
    toolCallId: call.toolCallId,
    title: call.title ?? "Tool call",
    kind: call.kind ?? "other",
    status: call.status ?? "pending",
    locations: [],
    input: undefined,
    content: [],
    output: "",
    outputTruncated: false,
    interrupted: false,
  }))
}

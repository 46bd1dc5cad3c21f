/** A session as a page to read: who it is, what was said and done, what it cost. */
import { noteHead } from "#streams/note"
import type { Item } from "#streams/session"
import type { SessionView } from "../plane.ts"
import { limitWords } from "./clock.ts"
import { failureOf, toolLine } from "./narrator.ts"
import { pushWords } from "./push-words.ts"
import type { RepositoryNow } from "./repository-now.ts"
import { clean, oneLine, type Paint } from "./terminal.ts"

export function transcript(
  { session, items }: SessionView,
  { paint, repository }: { readonly paint: Paint; readonly repository: RepositoryNow | null },
): string {
  const parts = [
    header(session, repository, paint),
    ...items.map((item) => part(item, paint, session.sessionId)).filter((text) => text !== ""),
  ]
  const open = session.approvals.map(
    ({ requestId, title, denyEndsTurn }) =>
      `${paint("yellow", "?")} waits for an answer: ${oneLine(title)}${denyEndsTurn ? "  (to deny it ends the turn)" : ""}\n  agentz approve ${session.sessionId} ${requestId} --allow   (or --deny, --always)`,
  )
  return `${[...parts, ...open, footer(session, paint)].join("\n\n")}\n`
}

function header(session: SessionView["session"], repository: RepositoryNow | null, paint: Paint): string {
  const rows: readonly (readonly [string, string | null])[] = [
    ["status", session.status],
    ["agent", [session.agentType, session.model].filter(Boolean).join(" · ")],
    ["directory", session.workingDir],
    ["repository", repositoryLine(session.git, repository)],
    ["pushed", pushWords(session)],
    ["permissions", session.permissionMode],
    ["limit", session.limit && limitWords(session.limit)],
    ["started", session.startedAt],
    ["daemon", session.daemon === null ? null : `pid ${session.daemon.pid} on ${session.daemon.host}`],
  ]
  const lines = rows
    .filter(([, value]) => value)
    .map(([name, value]) => `${paint("dim", name.padEnd(12))}${oneLine(value ?? "")}`)
  return [`${paint("bold", oneLine(session.title))}  ${paint("dim", session.sessionId)}`, ...lines].join("\n")
}

/** As it stands now, or as it stood when the session started where it cannot be looked at. */
function repositoryLine(then: SessionView["session"]["git"], now: RepositoryNow | null): string | null {
  const told = now ?? then
  if (told === null) return null
  const changes = now === null || now.changes === null ? null : `${now.changes} changed`
  return [told.root, told.branch ?? "no branch", told.head?.slice(0, 8) ?? "no commit", changes]
    .filter((word) => word !== null)
    .join(" · ")
}

function part(item: Item, paint: Paint, sessionId: string): string {
  switch (item.type) {
    case "user":
      return `${paint("bold", "›")} ${paint("bold", clean(item.text))}`
    case "message":
      return clean(item.text).trim()
    case "thought":
      return paint("dim", clean(item.text).trim())
    case "tool":
      return toolPart(item, paint, sessionId)
    case "permission":
      return item.decision === null
        ? ""
        : paint(
            "dim",
            `  ${oneLine(item.request.title)}: ${item.decision.replace("_", " ")} (by ${item.by ?? "daemon"})${item.note === undefined ? "" : `: ${oneLine(item.note)}`}`,
          )
    case "notice":
      return paint("dim", `· ${oneLine(item.title)}${item.hint ? `\n  ${oneLine(item.hint)}` : ""}`)
    case "note":
      return `${paint("cyan", "✎")} ${paint("bold", noteHead(item))}\n${clean(noteText(item)).replace(/^/gm, "  ")}`
    case "turn_end":
      if (item.error !== null) return failureOf(paint, item.error)
      return item.stopReason === "end_turn" ? "" : paint("dim", `— ${item.stopReason.replaceAll("_", " ")}`)
  }
}

const noteText = ({ text, data }: Extract<Item, { type: "note" }>): string =>
  data === undefined ? text : `${text}\n${JSON.stringify(data)}`

/** The call, its outcome, and the last lines of what it printed. */
function toolPart(item: Extract<Item, { type: "tool" }>, paint: Paint, sessionId: string): string {
  const open = item.status === "pending" || item.status === "in_progress"
  const head = open
    ? `${paint("cyan", "…")} ${oneLine(item.title)}`
    : `${toolLine(paint, item)}${item.interrupted ? paint("dim", "  (cut off)") : ""}`
  const lines = clean(item.output).trimEnd().split("\n").slice(-6)
  const output = item.output.trim() === "" ? [] : lines.map((line) => paint("dim", `    ${line}`))
  const ruling = item.ruling?.by === "rule" ? [paint("dim", `  ${oneLine(item.ruling.reason)}`)] : []
  const { outputBlob, toolCallId } = item
  const whole = outputBlob
    ? [
        paint(
          "dim",
          `    all ${size(outputBlob.bytes)}: agentz show ${sessionId} --output ${oneLine(toolCallId)}`,
        ),
      ]
    : []
  return [head, ...ruling, ...output, ...whole].join("\n")
}

const size = (bytes: number): string =>
  bytes < 1024 * 1024 ? `${Math.ceil(bytes / 1024)} KiB` : `${(bytes / 1024 / 1024).toFixed(1)} MiB`

function footer(session: SessionView["session"], paint: Paint): string {
  const { usage, turns, sessionId, status, error, context, limit } = session
  const cost = usage.costUsd === null ? "" : ` · $${usage.costUsd.toFixed(4)}`
  const facts = `${turns} ${turns === 1 ? "turn" : "turns"} · ${usage.inputTokens} tokens in · ${usage.outputTokens} out${cost}${contextWords(context)}`
  const lines = [paint("dim", facts)]
  if (status === "interrupted") lines.push(`It was interrupted: agentz resume ${sessionId} goes on.`)
  if (status === "failed" && error !== null) lines.push(failureOf(paint, error))
  if (limit?.resumes)
    lines.push(
      `It ${limitWords(limit)}. Earlier: agentz resume ${sessionId}   Not at all: agentz cancel ${sessionId}`,
    )
  return lines.join("\n")
}

function contextWords(context: SessionView["session"]["context"]): string {
  if (!context) return ""
  const share = context.size ? ` (${Math.round((100 * context.used) / context.size)}%)` : ""
  return ` · ${context.used} in context${share}`
}

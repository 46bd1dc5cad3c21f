import clsx from "clsx"
import { Copy, Link2 } from "lucide-react"
import { memo, useContext, useReducer } from "react"
import type { Attachment, StopReason } from "#streams/event"
import type { Item, ItemOf } from "#streams/session"
import { copyText } from "../-app/clipboard.ts"
import { clockTime } from "../-app/figures.ts"
import { plainText } from "../-app/hidden-characters.ts"
import { linkTo } from "../-app/message-link.ts"
import { transcriptParts } from "../-app/transcript-rows.ts"
import { AgentText } from "./agent-text.tsx"
import { Attachments } from "./attachments.tsx"
import { TurnFiles } from "./files/turn-files.tsx"
import { Fold, Folds } from "./fold.tsx"
import { ForkButton } from "./fork-here.tsx"
import { NoteRow } from "./note.tsx"
import { ToolCalls, ToolRow } from "./tool-row.tsx"
import type { Row } from "./transcript.tsx"

const made = new WeakMap<Item, Row>()

/** The same row for the same item: of thousands only those that changed are made anew. */
function rowOf(item: Item): Row {
  const known = made.get(item)
  if (known) return known
  const row = {
    key: item.key,
    seq: item.seq,
    beginsTurn: item.type === "user",
    element: <TranscriptRow item={item} />,
  }
  made.set(item, row)
  return row
}

/** Items as the rows of a transcript. */
export const rowsOf = (items: readonly Item[]): Row[] =>
  transcriptParts(items).map((part) =>
    part.type === "item"
      ? rowOf(part.item)
      : {
          key: part.key,
          seq: part.items[0]?.seq ?? null,
          beginsTurn: false,
          element: <ToolCalls foldKey={part.key} kind={part.kind} items={part.items} />,
        },
  )

/** Whether a turn began with it: then there is a moment before it to go on from. */
export const mayFork = ({ turnId, steered }: ItemOf<"user">): boolean => turnId !== null && steered !== true

/** One item of a transcript. Drawn anew only when its item changed. */
const TranscriptRow = memo(function TranscriptRow({ item }: { readonly item: Item }) {
  switch (item.type) {
    case "user":
      return (
        <UserText
          text={item.text}
          at={item.at}
          seq={item.seq}
          attachments={item.attachments}
          mayFork={mayFork(item)}
        />
      )
    case "message":
      return (
        <div className="relative py-1.5">
          <AgentText text={item.text} done={item.done} />
          {item.done && (
            <RowTools text={item.text} seq={item.seq} className="absolute top-0 right-0 bg-paper" />
          )}
        </div>
      )
    case "thought":
      return <Thought item={item} />
    case "tool":
      return <ToolRow item={item} />
    case "permission":
      return <Answered item={item} />
    case "notice":
      return (
        <p
          className={clsx(
            "px-2 py-1 text-row",
            item.severity === "error"
              ? "text-fail"
              : item.severity === "warning"
                ? "text-needs"
                : "text-quiet",
          )}
        >
          {item.severity !== "info" && (
            <span className="font-medium">{item.severity === "error" ? "Error: " : "Warning: "}</span>
          )}
          {plainText(item.title)}
        </p>
      )
    case "note":
      return <NoteRow item={item} />
    case "turn_end":
      return <TurnEnd item={item} />
  }
})

export function UserText(props: {
  readonly text: string
  readonly at?: string
  readonly seq?: number
  readonly attachments?: readonly Attachment[] | undefined
  readonly mayFork?: boolean
  readonly note?: React.ReactNode
}) {
  const { text, at, seq, attachments = [], mayFork = false, note } = props
  return (
    <div className="mt-4 mb-1.5 rounded-lg bg-sunken px-3.5 py-2.5">
      <p className="mb-0.5 flex gap-2 text-note text-quiet">
        <span className="font-medium">You</span>
        {at && (
          <time className="figures" dateTime={at}>
            {clockTime(at)}
          </time>
        )}
        {note}
        {seq !== undefined && (
          <span className="-my-1 ml-auto flex">
            {mayFork && <ForkButton seq={seq} />}
            <RowTools text={text} seq={seq} />
          </span>
        )}
      </p>
      <Clamped text={text} foldKey={`clamped ${seq ?? text.length}`} />
      {attachments.length > 0 && <Attachments attachments={attachments} />}
    </div>
  )
}

// About a dozen lines: more than that of one's own words is in the way.
const LONG_TEXT = 1_000
const MANY_LINES = 12

/** A person's text; the rest of a long one on demand. */
function Clamped({ text, foldKey }: { readonly text: string; readonly foldKey: string }) {
  const folds = useContext(Folds)
  const [, redraw] = useReducer((count: number) => count + 1, 0)
  const long = text.length > LONG_TEXT || text.split("\n", MANY_LINES + 1).length > MANY_LINES
  const open = !long || folds.chosen.get(foldKey) === true
  return (
    <>
      <p className={clsx("whitespace-pre-wrap [overflow-wrap:anywhere]", !open && "line-clamp-[8]")}>
        {text}
      </p>
      {long && (
        <button
          type="button"
          aria-expanded={open}
          className="mt-1 text-note text-quiet underline underline-offset-2 touch:min-h-11"
          onClick={() => {
            folds.chosen.set(foldKey, !open)
            redraw()
          }}
        >
          {open ? "Show less" : "Show all"}
        </button>
      )}
    </>
  )
}

/** Takes a message along, or the way to it. Seen when the row is pointed at or has the focus. */
function RowTools(props: { readonly text: string; readonly seq: number; readonly className?: string }) {
  const look = "grid size-6 place-items-center rounded text-quiet hover:bg-sunken hover:text-ink"
  return (
    <span
      className={clsx(
        "flex opacity-0 group-focus-within/row:opacity-100 group-hover/row:opacity-100 touch:hidden",
        props.className,
      )}
    >
      <button
        type="button"
        className={look}
        aria-label="Copy message"
        onClick={() => void copyText(props.text, "Message")}
      >
        <Copy size={13} aria-hidden />
      </button>
      <button
        type="button"
        className={look}
        aria-label="Copy link to message"
        onClick={() => void copyText(linkTo(props.seq), "Link")}
      >
        <Link2 size={13} aria-hidden />
      </button>
    </span>
  )
}

function Thought({ item }: { readonly item: ItemOf<"thought"> }) {
  const lastLine = item.text.trimEnd().split("\n").at(-1) ?? ""
  return (
    <Fold
      foldKey={item.key}
      summary={
        <>
          <span className="shrink-0 text-quiet">{item.done ? "Thought" : "Thinking"}</span>
          {!item.done && <span aria-hidden className="pulse size-1.5 shrink-0 rounded-full bg-run" />}
          <span className="min-w-0 truncate text-quiet italic">{plainText(lastLine)}</span>
        </>
      }
    >
      <p className="text-row whitespace-pre-wrap text-soft [overflow-wrap:anywhere]">{item.text}</p>
    </Fold>
  )
}

const DECISIONS = {
  allow: "Allowed",
  allow_always: "Always allowed",
  deny: "Denied",
  cancelled: "Not answered",
} as const

function Answered({ item }: { readonly item: ItemOf<"permission"> }) {
  const { decision, by, request } = item
  return (
    <p className="flex min-h-7 items-center gap-2 px-2 text-row text-quiet">
      <span className={clsx("shrink-0 font-medium", decision === null && "text-needs")}>
        {decision === null ? "Needs your answer" : DECISIONS[decision]}
      </span>
      <span className="min-w-0 truncate font-mono text-note">{plainText(request.title)}</span>
      {(by === "rule" || by === "mode") && <span className="shrink-0 text-note">by {by}</span>}
      {item.note && <span className="min-w-0 truncate text-note">“{plainText(item.note)}”</span>}
    </p>
  )
}

const REASONS: Record<StopReason, string> = {
  end_turn: "",
  max_tokens: "Stopped: the answer reached the model's longest",
  max_turn_requests: "Stopped: the turn reached its limit of steps",
  refusal: "The model refused to go on",
  cancelled: "Cancelled by you",
  error: "The turn failed",
  interrupted: "Interrupted: the agent's process is gone. Nothing it said is lost",
}

function TurnEnd({ item }: { readonly item: ItemOf<"turn_end"> }) {
  const reason = REASONS[item.stopReason]
  const time = (
    <time className="figures" dateTime={item.at}>
      {clockTime(item.at)}
    </time>
  )
  if (reason === "")
    return (
      <p className="mt-1 mb-3 flex items-center gap-3 text-note text-quiet">
        <span className="sr-only">Turn ended</span>
        {time}
        <span aria-hidden className="h-px flex-1 bg-line" />
        <TurnFiles turnId={item.turnId} />
      </p>
    )
  const colour = item.stopReason === "error" ? "fail" : item.stopReason === "interrupted" ? "resume" : "quiet"
  return (
    <div
      className={clsx(
        "my-3 rounded-md border border-line px-3 py-2 text-row",
        colour === "fail" && "bg-fail-tint text-fail",
        colour === "resume" && "bg-resume-tint text-resume",
        colour === "quiet" && "text-quiet",
      )}
    >
      <p className="flex gap-3">
        <span className="flex-1 font-medium">{reason}</span>
        <TurnFiles turnId={item.turnId} />
        {time}
      </p>
      {item.error && (
        <p className="mt-0.5 text-ink">
          {plainText(item.error.message)}
          {item.error.hint && <span className="text-soft"> {plainText(item.error.hint)}</span>}
          <span className="ml-2 font-mono text-note text-soft">{item.error.code}</span>
        </p>
      )}
    </div>
  )
}

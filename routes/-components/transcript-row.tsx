import clsx from "clsx"
import { memo } from "react"
import type { StopReason } from "#streams/event"
import type { Item, ItemOf } from "#streams/session"
import { clockTime } from "../-app/figures.ts"
import { plainText } from "../-app/hidden-characters.ts"
import { AgentText } from "./agent-text.tsx"
import { Fold } from "./fold.tsx"
import { ToolRow } from "./tool-row.tsx"

/** One item of a transcript. Drawn anew only when its item changed. */
export const TranscriptRow = memo(function TranscriptRow({ item }: { readonly item: Item }) {
  switch (item.type) {
    case "user":
      return <UserText text={item.text} at={item.at} />
    case "message":
      return (
        <div className="py-1.5">
          <AgentText text={item.text} done={item.done} />
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
    case "turn_end":
      return <TurnEnd item={item} />
  }
})

export function UserText(props: {
  readonly text: string
  readonly at?: string
  readonly note?: React.ReactNode
}) {
  const { text, at, note } = props
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
      </p>
      <p className="whitespace-pre-wrap [overflow-wrap:anywhere]">{text}</p>
    </div>
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
      {by === "rule" && <span className="shrink-0 text-note">by rule</span>}
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

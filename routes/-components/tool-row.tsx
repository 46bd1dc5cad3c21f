import clsx from "clsx"
import {
  Brain,
  Eye,
  FilePen,
  FolderSymlink,
  Globe,
  type LucideIcon,
  Repeat,
  Search,
  SquareTerminal,
  Trash2,
  Wrench,
} from "lucide-react"
import { useState } from "react"
import { errorText } from "#streams/error-text"
import type { ToolKind } from "#streams/event"
import type { ItemOf } from "#streams/session"
import { readWhole } from "../-app/blob.ts"
import { plainText } from "../-app/hidden-characters.ts"
import { shownInput } from "../-app/tool-input.ts"
import { FileDiff } from "./file-diff.tsx"
import { Fold } from "./fold.tsx"
import { Scrolling, Terminal } from "./terminal.tsx"

const ICONS: Record<ToolKind, LucideIcon> = {
  read: Eye,
  edit: FilePen,
  delete: Trash2,
  move: FolderSymlink,
  search: Search,
  execute: SquareTerminal,
  think: Brain,
  fetch: Globe,
  switch_mode: Repeat,
  other: Wrench,
}

/** One tool call as one line. A failed one is open: its output is why somebody reads it. */
export function ToolRow({ item }: { readonly item: ItemOf<"tool"> }) {
  const Icon = ICONS[item.kind]
  const diffs = item.content.filter((content) => content.type === "diff")
  const texts = item.content.filter((content) => content.type === "text")
  const failed = item.status === "failed"
  const input = shownInput(item.input)
  const [diff] = diffs
  const results = (
    <>
      {texts.map((content, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: parts have no identity but their place
        <Terminal key={index} text={content.text} label="Result" />
      ))}
      {item.output !== "" && <Terminal text={item.output} label="Output" />}
    </>
  )
  // A change that went through is the whole story of its call.
  if (diff && diffs.length === 1 && item.status === "completed")
    return (
      <FileDiff
        change={diff}
        foldKey={item.key}
        icon={<Icon size={14} aria-hidden className="shrink-0 text-quiet" />}
      >
        {(item.output !== "" || texts.length > 0) && (
          <div className="mt-2 flex flex-col gap-2">{results}</div>
        )}
      </FileDiff>
    )
  return (
    <div>
      <Fold
        foldKey={item.key}
        openAtFirst={failed && !item.interrupted}
        summary={
          <>
            <Icon size={14} aria-hidden className="shrink-0 text-quiet" />
            <span className="min-w-0 truncate font-mono text-note">{plainText(item.title)}</span>
            <ToolState item={item} />
          </>
        }
      >
        <div className="flex flex-col gap-2">
          {input && (
            <Scrolling label="Input">
              {input.kind === "command" && <span className="text-quiet select-none">$ </span>}
              {input.text}
            </Scrolling>
          )}
          {results}
          {item.outputBlob ? (
            <WholeOutput blob={item.outputBlob} />
          ) : (
            item.outputTruncated && (
              <p className="text-note text-quiet">The rest of the output was not kept.</p>
            )
          )}
          {!input && texts.length === 0 && item.output === "" && (
            <p className="text-note text-quiet">
              {item.status === "completed" ? "No output" : "No output yet"}
            </p>
          )}
        </div>
      </Fold>
      {diffs.map((change) => (
        <div key={change.path} className="ml-5.5">
          <FileDiff change={change} foldKey={`${item.key} ${change.path}`} />
        </div>
      ))}
    </div>
  )
}

/** All that a tool printed, where the transcript has only its ends. Read when it is asked for. */
function WholeOutput({ blob }: { readonly blob: NonNullable<ItemOf<"tool">["outputBlob"]> }) {
  const [text, setText] = useState<string | null>(null)
  const [problem, setProblem] = useState<string | null>(null)
  const read = async () => {
    setProblem(null)
    try {
      setText(await readWhole(blob.blob))
    } catch (error) {
      setProblem(errorText(error))
    }
  }
  if (text !== null) return <Terminal text={text} label="Whole output" />
  return (
    <p className="flex items-center gap-2 text-note text-quiet">
      This is not all of it.
      <button
        type="button"
        className="underline underline-offset-2 touch:min-h-11"
        onClick={() => void read()}
      >
        Show all {Math.max(1, Math.round(blob.bytes / 1_000)).toLocaleString("en")} KB
      </button>
      {problem && <span className="text-fail">{problem}</span>}
    </p>
  )
}

const LOOKED: Partial<Record<ToolKind, string>> = { read: "Read", search: "Searched", fetch: "Fetched" }

/** Many calls that only looked, as one line that opens to all of them. */
export function ToolCalls(props: {
  readonly foldKey: string
  readonly kind: ToolKind
  readonly items: readonly ItemOf<"tool">[]
}) {
  const Icon = ICONS[props.kind]
  return (
    <Fold
      foldKey={props.foldKey}
      summary={
        <>
          <Icon size={14} aria-hidden className="shrink-0 text-quiet" />
          <span className="shrink-0 figures">
            {LOOKED[props.kind] ?? "Called"} × {props.items.length}
          </span>
          <span className="min-w-0 truncate font-mono text-note text-quiet">
            {plainText(
              props.items
                .map(({ title }) => title)
                .join(", ")
                .slice(0, 300),
            )}
          </span>
        </>
      }
    >
      {props.items.map((item) => (
        <ToolRow key={item.key} item={item} />
      ))}
    </Fold>
  )
}

function ToolState({ item }: { readonly item: ItemOf<"tool"> }) {
  if (item.status === "completed") return <span className="sr-only">done</span>
  const [word, colour] = item.interrupted
    ? ["cut off", "text-resume"]
    : item.status === "failed"
      ? [item.exitCode ? `failed (${item.exitCode})` : "failed", "text-fail"]
      : item.status === "in_progress"
        ? ["running", "text-run"]
        : ["waiting", "text-quiet"]
  return (
    <span className={clsx("ml-auto inline-flex shrink-0 items-center gap-1.5 text-note", colour)}>
      {item.status === "in_progress" && (
        <span aria-hidden className="pulse size-1.5 rounded-full bg-current" />
      )}
      {word}
    </span>
  )
}

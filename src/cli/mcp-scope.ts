/** What a token of MCP may touch, from the words of a command line. */
import { realpath } from "node:fs/promises"
import { resolve } from "node:path"
import { PermissionMode } from "#streams/event"
import { Scope } from "../mcp/caller.ts"
import { usage } from "./refusal.ts"

interface ScopeWords {
  readonly sessions?: string
  /** Each may hold several, with commas between. */
  readonly workflows?: readonly string[]
  readonly runs?: string
  readonly mode?: string
  readonly cwd?: string
  readonly "read-only"?: boolean
}

export async function scopeFrom(words: ScopeWords, cwd: string): Promise<Scope> {
  const { sessions, runs = "own", mode = "ask", "read-only": readOnly = false } = words
  const names = words.workflows?.flatMap((one) => one.split(",")).filter((name) => name !== "")
  const scope = Scope.safeParse({
    sessions: sessions ?? (names === undefined ? "own" : "none"),
    workflows:
      names === undefined ? (sessions === undefined ? "all" : []) : names.includes("all") ? "all" : names,
    runs,
    readOnly,
    mode,
    workingDir: words.cwd === undefined ? null : await directory(resolve(cwd, words.cwd)),
  })
  if (!scope.success) throw usage(faultOf(String(scope.error.issues[0]?.path[0]), words))
  if (readOnly && scope.data.sessions !== "all" && scope.data.runs !== "all")
    throw usage(
      "A token that changes nothing has nothing of its own to see: add --sessions all or --runs all.",
    )
  return scope.data
}

function faultOf(field: string, { sessions, runs, mode }: ScopeWords): string {
  if (field === "sessions") return `--sessions is “${sessions}”: it is one of none, own, all.`
  if (field === "runs") return `--runs is “${runs}”: it is one of own, all.`
  return `--mode is “${mode}”: it is one of ${PermissionMode.options.join(", ")}.`
}

const directory = (path: string): Promise<string> =>
  realpath(path).catch(() => {
    throw usage(`--cwd is ${path}, which is not there: name a directory that is.`)
  })

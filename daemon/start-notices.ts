/** What is said at a daemon's start of what it was started with. */
import type { Worktree } from "#streams/registry"
import type { Session } from "#streams/session"

export const bypassNotice = {
  type: "notice",
  severity: "warning",
  category: "permission_mode",
  title: "Bypass: commands and changes are run without asking. Only rules that refuse still hold.",
} as const

/** That the work tree was made again, once each time. */
export const remadeNotices = (remade: Worktree["remade"], { items }: Pick<Session, "items">) =>
  remade && items.filter((item) => item.type === "notice" && item.category === REMADE).length < remade.times
    ? [remadeNotice(remade.checkpoint)]
    : []

const REMADE = "work_tree"

const remadeNotice = (checkpoint: number | null) =>
  ({
    type: "notice",
    severity: "info",
    category: REMADE,
    title:
      checkpoint === null
        ? "The work tree was not there, and is made again as its branch has it."
        : `The work tree was not there, and is made again with the files of checkpoint ${checkpoint}.`,
    hint: "What git ignores is not in it; set-up commands are run again.",
  }) as const

export const missingServerNotice = (name: string) =>
  ({
    type: "notice",
    severity: "warning",
    category: "mcp",
    title: `The MCP server “${name}” is not there: what it is started with is not on this machine any more.`,
    hint: "Start a new session with `agentz run --mcp FILE` to have it again.",
  }) as const

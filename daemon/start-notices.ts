/** What is said at a daemon's start of what it was started with. */
export const bypassNotice = {
  type: "notice",
  severity: "warning",
  category: "permission_mode",
  title: "Bypass: commands and changes are run without asking. Only rules that refuse still hold.",
} as const

/** `null`: with what its branch has. */
export const remadeNotice = (checkpoint: number | null) =>
  ({
    type: "notice",
    severity: "info",
    category: "work_tree",
    title:
      checkpoint === null
        ? "The work tree was given back, and is there again as its branch has it."
        : `The work tree was given back, and is there again with the files of checkpoint ${checkpoint}.`,
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

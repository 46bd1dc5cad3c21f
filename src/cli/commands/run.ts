import { resolve } from "node:path"
import { Children, DEEPEST, MOST_CHILDREN } from "#streams/children"
import { PermissionMode } from "#streams/event"
import { OnLimit } from "#streams/limit"
import { LIMIT_WORDS } from "#streams/session-limits"
import { checkedPrompt } from "../../prompt.ts"
import { attached } from "../attached.ts"
import { defineCommand } from "../command.ts"
import { followTurn } from "../follow-turn.ts"
import { limitWords } from "../limit-words.ts"
import { readMcpFile } from "../mcp-file.ts"
import { promptWords } from "../prompt-words.ts"
import { usage } from "../refusal.ts"
import { withPlane } from "../with-plane.ts"

export const run = defineCommand({
  name: "run",
  summary: "starts a session and follows it to the end of its turn",
  positionals: ["[PROMPT...]"],
  flags: {
    agent: { type: "string", value: "A", help: "which agent (demo); `agentz doctor` lists them" },
    cwd: { type: "string", value: "D", help: "where it works (the current directory)" },
    worktree: { type: "boolean", help: "in a work tree of its own, on a branch of its own" },
    branch: { type: "string", value: "B", help: "with --worktree: on this branch, made where there is none" },
    base: { type: "string", value: "REF", help: "with --worktree: from this commit (what is checked out)" },
    "no-setup": { type: "boolean", help: "with --worktree: without the repository's set-up commands" },
    model: { type: "string", value: "M", help: "which model, where the agent has a choice" },
    title: { type: "string", value: "T", help: "how lists show it" },
    mode: { type: "string", value: "P", help: `permissions: ${PermissionMode.options.join(", ")}` },
    limit: {
      type: "string",
      value: "L",
      help: `what it may use: NAME=VALUE,… of ${Object.keys(LIMIT_WORDS).join(", ")}`,
    },
    "on-limit": { type: "string", value: "L", help: "at a limit of the service: wait and go on, or stop" },
    set: { type: "string", multiple: true, value: "NAME=VALUE", help: "an option of the agent (repeat it)" },
    mcp: { type: "string", value: "FILE", help: "MCP servers for it: JSON with `mcpServers`" },
    children: {
      type: "string",
      value: "N",
      help: "let its agent start up to N sessions (AGENTZ_CHILDREN, 0)",
    },
    attach: { type: "string", multiple: true, value: "FILE", help: "a file or image for it (repeat it)" },
    detach: { type: "boolean", short: "d", help: "do not follow it: print its id" },
  },
  json: "print its events, one per line, each with sessionId; with --detach {sessionId}",
  more: `
--children N/D lets the sessions that it starts start others, down to D generations and N in all.
A prompt that is - , or none at all in a pipe, is read from the standard input.
Ctrl-C cancels the turn; a second Ctrl-C leaves it to run on its own.
Exit codes: 0 completed, 1 failed or interrupted, 130 cancelled.`,
  async run({ values, positionals, json, io, deps }) {
    const mode = PermissionMode.optional().safeParse(values.mode)
    if (!mode.success)
      throw usage(`--mode is “${values.mode}”: it is one of ${PermissionMode.options.join(", ")}.`)
    const limits = values.limit === undefined ? undefined : limitWords(values.limit)
    const onLimit = OnLimit.optional().safeParse(values["on-limit"])
    if (!onLimit.success)
      throw usage(`--on-limit is “${values["on-limit"]}”: it is one of ${OnLimit.options.join(", ")}.`)
    const workspace = workspaceOf(values)
    const words = await promptWords(positionals, io, 'agentz run "prompt"')
    const prompt = checkedPrompt(words.text)
    const config = values.set && settingsOf(values.set)
    const mcpServers = values.mcp === undefined ? undefined : await readMcpFile(resolve(io.cwd, values.mcp))
    const children = values.children === undefined ? undefined : childrenOf(values.children)
    return await withPlane(deps, async (plane) => {
      const { sessionId, warning } = await plane.spawn({
        agentType: values.agent ?? "demo",
        prompt,
        workingDir: resolve(io.cwd, values.cwd ?? "."),
        ...(workspace && { workspace }),
        model: values.model,
        title: values.title,
        permissionMode: mode.data,
        limits,
        ...(config && { config }),
        ...(mcpServers && { mcpServers }),
        ...(children && { children }),
        ...(await attached(plane, values.attach, io.cwd)),
        onLimit: onLimit.data,
      })
      if (warning !== undefined && !json) io.stderr.write(`Careful: ${warning}\n`)
      if (values.detach === true) {
        io.stdout.write(json ? `${JSON.stringify({ sessionId })}\n` : `${sessionId}\n`)
        return 0
      }
      const mayAsk = !json && !words.piped && io.stdin.isTTY === true && io.stdout.isTTY
      return await followTurn(plane, sessionId, { io, json, mayAsk })
    })
  },
})

/** `4`, or `4/2` for children that may have children. */
function childrenOf(given: string): Children {
  const [most = "", depth = "1", ...rest] = given.split("/")
  const number = (text: string) => (/^\d+$/.test(text) ? Number(text) : Number.NaN)
  const children = Children.safeParse({ most: number(most), depth: number(depth) })
  if (children.success && rest.length === 0) return children.data
  throw usage(
    `--children is “${given}”: give a number up to ${MOST_CHILDREN}, or N/D for D generations, at most ${DEEPEST}.`,
  )
}

function workspaceOf({
  worktree = false,
  branch,
  base,
  "no-setup": bare = false,
}: {
  readonly worktree?: boolean
  readonly branch?: string
  readonly base?: string
  readonly "no-setup"?: boolean
}) {
  if (worktree) return { kind: "worktree" as const, branch, base, ...(bare && { setup: false }) }
  if (branch !== undefined || base !== undefined || bare)
    throw usage("--branch, --base and --no-setup go with --worktree.")
  return undefined
}

function settingsOf(given: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    given.map((one) => {
      const at = one.indexOf("=")
      if (at < 1) throw usage(`--set is “${one}”: give NAME=VALUE.`)
      return [one.slice(0, at), one.slice(at + 1)]
    }),
  )
}

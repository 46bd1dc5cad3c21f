import { closest } from "#streams/closest"
import { version } from "../package-root.ts"
import type { Command } from "./command.ts"
import { agents } from "./commands/agents.ts"
import { approve } from "./commands/approve.ts"
import { archive, unarchive } from "./commands/archive.ts"
import { cancel } from "./commands/cancel.ts"
import { checkpoints } from "./commands/checkpoints.ts"
import { commit } from "./commands/commit.ts"
import { diff } from "./commands/diff.ts"
import { doctor } from "./commands/doctor.ts"
import { down } from "./commands/down.ts"
import { fork } from "./commands/fork.ts"
import { limit } from "./commands/limit.ts"
import { logs } from "./commands/logs.ts"
import { ls } from "./commands/ls.ts"
import { mcp } from "./commands/mcp.ts"
import { merge } from "./commands/merge.ts"
import { mode } from "./commands/mode.ts"
import { patch } from "./commands/patch.ts"
import { pr } from "./commands/pr.ts"
import { prune } from "./commands/prune.ts"
import { push } from "./commands/push.ts"
import { recover } from "./commands/recover.ts"
import { rename } from "./commands/rename.ts"
import { restore } from "./commands/restore.ts"
import { resume } from "./commands/resume.ts"
import { rules } from "./commands/rules.ts"
import { run } from "./commands/run.ts"
import { search } from "./commands/search.ts"
import { send } from "./commands/send.ts"
import { service } from "./commands/service.ts"
import { set } from "./commands/set.ts"
import { show } from "./commands/show.ts"
import { streams } from "./commands/streams.ts"
import { tail } from "./commands/tail.ts"
import { trust } from "./commands/trust.ts"
import { up } from "./commands/up.ts"
import { withdraw } from "./commands/withdraw.ts"
import { workflow } from "./commands/workflow.ts"
import type { Deps } from "./deps.ts"
import type { Io } from "./io.ts"
import { report, usage } from "./refusal.ts"

const COMMANDS: readonly Command[] = [
  up,
  run,
  ls,
  search,
  show,
  tail,
  send,
  withdraw,
  cancel,
  approve,
  rules,
  mode,
  set,
  resume,
  checkpoints,
  diff,
  restore,
  fork,
  trust,
  commit,
  merge,
  patch,
  push,
  pr,
  recover,
  limit,
  agents,
  mcp,
  rename,
  archive,
  unarchive,
  prune,
  service,
  logs,
  doctor,
  down,
  streams,
  workflow,
]

/** Runs one command line to its end and gives the exit code. Never throws: what went wrong was told. */
export async function runCli(argv: readonly string[], io: Io, deps: Deps): Promise<number> {
  const [first, ...rest] = argv
  const [name, words] = first === undefined || first.startsWith("-") ? ["up", argv] : [first, rest]
  const untilDashes = argv.includes("--") ? argv.slice(0, argv.indexOf("--")) : argv
  try {
    if (name === "help" || first === "--help" || first === "-h") {
      const about = COMMANDS.find((command) => command.name === rest[0])
      if (about !== undefined) return await about.run(["--help"], { io, deps })
      io.stdout.write(overview())
      return 0
    }
    if (name === "version" || first === "--version" || first === "-v") {
      io.stdout.write(`agentz ${version}\n`)
      return 0
    }
    const command = COMMANDS.find((one) => one.name === name)
    if (command === undefined) throw unknownCommand(name)
    return await command.run(words, { io, deps })
  } catch (error) {
    return report(error, io, untilDashes.includes("--json"))
  }
}

function unknownCommand(name: string) {
  const guess = closest(
    name,
    COMMANDS.map((command) => command.name),
  )
  return usage(
    `There is no command “${name}”. ${guess ? `Did you mean \`agentz ${guess}\`?` : "`agentz help` shows what there is."}`,
  )
}

const overview = () => `agentz ${version}: runs AI coding agents that nothing but their own end can end

  agentz [COMMAND] [options]

${COMMANDS.map(({ name, positionals, summary }) => `  ${[name, ...positionals].join(" ").padEnd(24)} ${summary}`).join("\n")}

Without a command: up. Each command has --help and --json. Ids may be shortened as long as they stay unique.
Exit codes: 0 fine, 1 refused or failed, 64 wrong usage, 78 wrong configuration, 130 cancelled.
`

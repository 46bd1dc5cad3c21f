import { closest } from "#streams/closest"
import type { Command } from "../command.ts"
import { usage } from "../refusal.ts"
import { approve, cancel, fork, pause, resume, retry, signal, skip } from "../workflow/act.ts"
import { define, forget, validate } from "../workflow/define.ts"
import { ls } from "../workflow/ls.ts"
import { run } from "../workflow/run.ts"
import { show } from "../workflow/show.ts"
import { schedule, webhook } from "../workflow/starters.ts"
import { tail } from "../workflow/tail.ts"

const VERBS: readonly Command[] = [
  run,
  ls,
  show,
  tail,
  resume,
  retry,
  skip,
  pause,
  cancel,
  fork,
  signal,
  approve,
  validate,
  define,
  forget,
  schedule,
  webhook,
]

const verbOf = ({ name }: Command): string => name.replace(/^workflow /, "")

export const workflow: Command = {
  name: "workflow",
  summary: "runs graphs of steps that resume without repeating: `agentz workflow --help`",
  positionals: ["VERB", "..."],
  flags: {},
  json: "",
  async run([verb, ...words], { io, deps }) {
    if (verb === undefined || verb === "--help" || verb === "-h") {
      io.stdout.write(overview)
      return 0
    }
    const command = VERBS.find((one) => verbOf(one) === verb)
    if (command !== undefined) return await command.run(words, { io, deps })
    const guess = closest(verb, VERBS.map(verbOf))
    throw usage(
      `“${verb}” is nothing to do with workflows. ${guess ? `Did you mean \`agentz workflow ${guess}\`?` : "`agentz workflow --help` shows what there is."}`,
    )
  },
}

const overview = `agentz workflow VERB [options]

${workflow.summary.split(":")[0]}

${VERBS.map((one) => `  ${[verbOf(one), ...one.positionals].join(" ").padEnd(20)} ${one.summary}`).join("\n")}

Each has --help and --json. Ids of runs may be shortened as long as they stay unique.
`

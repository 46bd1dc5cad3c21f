import { cataloguedAgents } from "#daemon/agents/catalogue"
import { closest } from "#streams/closest"
import type { Added, Wanted } from "../../adapters.ts"
import type { AgentTypeInfo } from "../../plane.ts"
import { defineCommand } from "../command.ts"
import { Refusal, usage } from "../refusal.ts"
import { clean, painter, type Style } from "../terminal.ts"

export const agents = defineCommand({
  name: "agents",
  summary: "lists agents and what they need; `agents add A` installs an adapter",
  positionals: ["[add]", "[A]"],
  flags: {},
  json: "print {agents, fault?} as JSON; with add {type, package, version, path, added}",
  more: `
Claude Code and Codex speak through an adapter. \`agentz agents add claude\` installs it into the home, in the exact
version that is tested and without a copy of the vendor's program: your own is used, with its login. Nothing is
installed by itself. Further agents are configured in agents.json of the home: see docs/agents.md.`,
  async run({ positionals: [action, type], json, io, deps }) {
    const config = deps.config()
    if (action === undefined) {
      const found = await deps.agents(config.home)
      const { fault } = cataloguedAgents(config.home)
      if (json) io.stdout.write(`${JSON.stringify({ agents: found, ...(fault !== null && { fault }) })}\n`)
      else {
        const paint = painter(io.stdout, io)
        io.stdout.write(sheet(found, (style, text) => paint(style, text)))
        if (fault !== null) io.stderr.write(`agentz: ${clean(fault)}\n`)
      }
      return fault === null ? 0 : 1
    }
    if (action !== "add")
      throw usage(
        `There is no \`agentz agents ${action}\`: it is \`agentz agents\` or \`agentz agents add A\`.`,
      )
    const { path } = await deps.openHome(config.home)
    const added = await deps.addAdapter(wantedOf(type, path), path, (line) => {
      if (line !== "") io.stderr.write(`${clean(line)}\n`)
    })
    io.stdout.write(json ? `${JSON.stringify(added)}\n` : `${sentenceOf(added)}\n`)
    return 0
  },
})

const sentenceOf = ({ package: name, version, path, added }: Added) =>
  added ? `${name} ${version} is installed in ${path}.` : `${name} ${version} is there already, in ${path}.`

function wantedOf(type: string | undefined, home: string): Wanted {
  const { profiles } = cataloguedAgents(home)
  const addable = Object.values(profiles).filter(({ adapter }) => adapter !== undefined)
  const names = addable.map((profile) => profile.type)
  if (type === undefined) throw usage(`A is missing: agentz agents add ${names.join("|")}`)
  const { adapter } = profiles[type] ?? {}
  if (adapter) return { type, adapter }
  if (profiles[type])
    throw new Refusal("nothing_to_add", `${type} needs no adapter; \`agentz agents\` shows what it needs.`)
  const guess = closest(type, names)
  throw usage(
    `There is no agent “${type}”. ${guess ? `Did you mean ${guess}?` : `It is one of ${names.join(", ")}.`}`,
  )
}

function sheet(found: readonly AgentTypeInfo[], paint: (style: Style, text: string) => string): string {
  const width = Math.max(...found.map(({ type }) => type.length)) + 2
  return found
    .map(({ type, title, version, needs }) => {
      const ready = needs.length === 0
      const name = version === null ? title : `${title} ${version}`
      const head = `${paint(ready ? "green" : "yellow", ready ? "ready  " : "needs  ")}${type.padEnd(width)}${clean(name)}\n`
      return head + needs.map((need) => `${" ".repeat(width + 7)}→ ${clean(need)}\n`).join("")
    })
    .join("")
}

import { type Check, checkUp } from "../../checks.ts"
import { defineCommand } from "../command.ts"
import { clean, painter, type Style } from "../terminal.ts"

export const doctor = defineCommand({
  name: "doctor",
  summary: "tells what is found, what is missing, and the line that fixes it",
  positionals: [],
  flags: {},
  json: "print {ok, checks: [{name, status, detail, remedy?}]} as JSON",
  more: "It looks and changes nothing. Exit code 1 when something does not work.",
  async run({ json, io, deps }) {
    const config = deps.config()
    const checks = await checkUp(config, { uiDir: deps.uiDir, agents: () => deps.agents(config.home) })
    const ok = checks.every(({ status }) => status !== "fail")
    if (json) io.stdout.write(`${JSON.stringify({ ok, checks })}\n`)
    else {
      const paint = painter(io.stdout, io)
      const width = Math.max(...checks.map(({ name }) => name.length)) + 2
      for (const check of checks)
        io.stdout.write(
          `${paint(STYLES[check.status], check.status.padEnd(5))}${check.name.padEnd(width)}${clean(check.detail)}\n` +
            (check.remedy === undefined ? "" : `${" ".repeat(width + 5)}→ ${clean(check.remedy)}\n`),
        )
      io.stdout.write(
        ok ? "\nagentz can run here.\n" : "\nagentz cannot run here yet: see the lines marked fail.\n",
      )
    }
    return ok ? 0 : 1
  },
})

const STYLES: Record<Check["status"], Style> = { ok: "green", warn: "yellow", fail: "red" }

import { defineCommand } from "../command.ts"
import { usage } from "../refusal.ts"
import { oneLine, painter } from "../terminal.ts"
import { whichSession } from "../which-session.ts"
import { withPlane } from "../with-plane.ts"

export const set = defineCommand({
  name: "set",
  summary: "shows or sets what a session's agent lets you choose: model, effort and so on",
  positionals: ["ID", "[NAME=VALUE]"],
  flags: {},
  json: "print {options, commands}, or with NAME=VALUE {sessionId, optionId, value}, as JSON",
  more: "What is set counts at once and is kept. Permissions have a command of their own: agentz mode.",
  async run({ positionals: [id = "", setting], json, io, deps }) {
    const at = setting?.indexOf("=") ?? -1
    if (setting !== undefined && at < 1) throw usage(`“${setting}” is not NAME=VALUE.`)
    return await withPlane(deps, async (plane) => {
      const sessionId = await whichSession(plane, id)
      if (setting !== undefined) {
        const done = await plane.setConfigOption({
          sessionId,
          optionId: setting.slice(0, at),
          value: setting.slice(at + 1),
        })
        io.stdout.write(json ? `${JSON.stringify(done)}\n` : `${done.optionId}: ${done.value}\n`)
        return 0
      }
      const { session } = await plane.getSession({ sessionId, tail: 1 })
      const { configOptions: options, commands } = session
      const paint = painter(io.stdout, io)
      const told = [
        ...options.map(({ id: name, value, choices }) => {
          const others = choices.map((one) => one.value).filter((one) => one !== value)
          return `${name}=${oneLine(value)}${others.length === 0 ? "" : paint("dim", `  or ${oneLine(others.join(", "))}`)}`
        }),
        ...commands.map(
          ({ name, description }) => `/${name}  ${paint("dim", oneLine(description).slice(0, 100))}`,
        ),
      ]
      if (json) io.stdout.write(`${JSON.stringify({ options, commands })}\n`)
      else
        io.stdout.write(`${told.join("\n") || "This agent offers nothing to choose, as far as is known."}\n`)
      return 0
    })
  },
})

import { defineCommand } from "../command.ts"
import { followTurn } from "../follow-turn.ts"
import { usage } from "../refusal.ts"
import { clean } from "../terminal.ts"
import { whichSession } from "../which-session.ts"
import { withPlane } from "../with-plane.ts"

export const fork = defineCommand({
  name: "fork",
  summary: "starts a session that goes on from a moment of another one",
  positionals: ["ID", "[PROMPT...]"],
  flags: {
    at: { type: "string", value: "N", help: "from this checkpoint (the newest moment)" },
    title: { type: "string", value: "T", help: "how lists show it" },
    detach: { type: "boolean", short: "d", help: "do not follow it: print its id" },
  },
  json: "print {sessionId, workingDir} as JSON",
  more: `
It has what was said until then, and the files as they were, in a work tree or directory of its own: the other session and
its files stay as they are. Without a prompt it waits for a message.`,
  async run({ values, positionals: [id = "", ...words], json, io, deps }) {
    const at = values.at === undefined ? undefined : Number(values.at)
    if (at !== undefined && !(Number.isInteger(at) && at > 0))
      throw usage(`--at is “${values.at}”: give the number of a checkpoint.`)
    const prompt = words.length === 0 ? undefined : words.join(" ")
    return await withPlane(deps, async (plane) => {
      const from = await whichSession(plane, id)
      const forked = await plane.fork({ sessionId: from, at, prompt, title: values.title })
      const { sessionId, workingDir } = forked
      if (json || values.detach === true)
        io.stdout.write(json ? `${JSON.stringify(forked)}\n` : `${sessionId}\n`)
      else io.stdout.write(`${sessionId} goes on in ${clean(workingDir)}\n`)
      if (json || values.detach === true || prompt === undefined) return 0
      return await followTurn(plane, sessionId, {
        io,
        json,
        mayAsk: io.stdin.isTTY === true && io.stdout.isTTY,
      })
    })
  },
})

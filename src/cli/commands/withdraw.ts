import { MessageId } from "#streams/ids"
import type { SessionView } from "../../plane.ts"
import { Problem } from "../../problem.ts"
import { defineCommand } from "../command.ts"
import { Refusal } from "../refusal.ts"
import { whichSession } from "../which-session.ts"
import { withPlane } from "../with-plane.ts"

export const withdraw = defineCommand({
  name: "withdraw",
  summary: "takes back a message that waits for its turn",
  positionals: ["ID", "[MESSAGE]"],
  flags: {},
  json: "print {messageId, withdrawn} as JSON",
  more: "Without MESSAGE: the newest one that waits. To change a message, withdraw it and send another one.",
  async run({ positionals: [id = "", message], json, io, deps }) {
    return await withPlane(deps, async (plane) => {
      const sessionId = await whichSession(plane, id)
      const { session } = await plane.getSession({ sessionId, tail: 1 })
      const messageId = whichMessage(session, message)
      const done = await plane.withdraw({ sessionId, messageId })
      io.stdout.write(json ? `${JSON.stringify(done)}\n` : `${messageId} is withdrawn.\n`)
      return 0
    })
  },
})

function whichMessage({ queue, sessionId }: SessionView["session"], given: string | undefined): MessageId {
  const ids = queue.map(({ messageId }) => messageId)
  if (given === undefined) {
    const newest = ids.at(-1)
    if (newest === undefined) throw new Problem("unknown_message", `No message waits in ${sessionId}.`)
    return newest
  }
  const found = ids.filter((id) => id === given || id.startsWith(given) || id.startsWith(`msg_${given}`))
  const [only, ...others] = found
  if (only !== undefined && others.length === 0) return only
  if (only !== undefined)
    throw new Refusal("ambiguous_id", `“${given}” may mean ${found.join(", ")}: type more letters.`)
  const whole = MessageId.safeParse(given)
  if (whole.success) return whole.data
  throw new Problem("unknown_message", `No message “${given}” waits in ${sessionId}.`)
}

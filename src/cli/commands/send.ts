import { SendMode } from "#streams/command"
import { checkedPrompt } from "../../prompt.ts"
import { attached } from "../attached.ts"
import { defineCommand } from "../command.ts"
import { promptWords } from "../prompt-words.ts"
import { usage } from "../refusal.ts"
import { whichSession } from "../which-session.ts"
import { withPlane } from "../with-plane.ts"

export const send = defineCommand({
  name: "send",
  summary: "says something to a session, and wakes it where it sleeps",
  positionals: ["ID", "[TEXT...]"],
  flags: {
    attach: { type: "string", multiple: true, value: "FILE", help: "a file or image for it (repeat it)" },
    mode: { type: "string", value: "M", help: "while a turn runs: queue (default), steer or interrupt" },
  },
  json: "print {messageId} as JSON",
  more: "A text that is - , or none at all in a pipe, is read from the standard input.",
  async run({ values, positionals: [id = "", ...words], json, io, deps }) {
    const mode = SendMode.optional().safeParse(values.mode)
    if (!mode.success) throw usage(`--mode is “${values.mode}”: it is one of ${SendMode.options.join(", ")}.`)
    const text = checkedPrompt((await promptWords(words, io, `agentz send ${id} "text"`)).text)
    return await withPlane(deps, async (plane) => {
      const sessionId = await whichSession(plane, id)
      const sent = await plane.sendMessage({
        sessionId,
        text,
        mode: mode.data,
        ...(await attached(plane, values.attach, io.cwd)),
      })
      io.stdout.write(
        json ? `${JSON.stringify(sent)}\n` : `Sent to ${sessionId}. Follow it: agentz tail ${sessionId}\n`,
      )
      return 0
    })
  },
})

import type { SessionId } from "#streams/ids"
import type { Item } from "#streams/session"
import type { ControlPlane, SessionView } from "../../plane.ts"
import { storageSentence } from "../../storage.ts"
import { callOutput } from "../call-output.ts"
import { defineCommand } from "../command.ts"
import { repositoryNow } from "../repository-now.ts"
import { clean, painter } from "../terminal.ts"
import { transcript } from "../transcript.ts"
import { whichSession } from "../which-session.ts"
import { withPlane } from "../with-plane.ts"

export const show = defineCommand({
  name: "show",
  summary: "tells what a session did",
  positionals: ["ID"],
  flags: {
    output: { type: "string", value: "CALL", help: "print all that this call gave, and nothing else" },
  },
  json: "print {session, items, offset, hasMore, repository?} as JSON; with --output {output}",
  async run({ values, positionals: [id = ""], json, io, deps }) {
    return await withPlane(deps, async (plane) => {
      const view = await wholeView(plane, await whichSession(plane, id))
      if (values.output !== undefined) {
        let all = ""
        for await (const text of callOutput(plane, view.items, values.output)) {
          if (json) all += text
          else io.stdout.write(io.stdout.isTTY ? clean(text) : text)
        }
        if (json) io.stdout.write(`${JSON.stringify({ output: all })}\n`)
        return 0
      }
      const behind = (await plane.storage()).behind.filter((one) => one.sessionId === view.session.sessionId)
      if (!json && behind.length > 0) io.stderr.write(`${storageSentence({ trouble: null, behind })}\n`)
      const repository = await repositoryNow(view.session)
      const paint = painter(io.stdout, io)
      io.stdout.write(
        json
          ? `${JSON.stringify({ ...view, ...(repository && { repository }) })}\n`
          : transcript(view, { paint, repository }),
      )
      return 0
    })
  },
})

/** The session with all its items, however many. */
async function wholeView(plane: ControlPlane, sessionId: SessionId): Promise<SessionView> {
  const newest = await plane.getSession({ sessionId, tail: 1000 })
  let items: readonly Item[] = newest.items
  let { hasMore } = newest
  while (hasMore) {
    const before = items[0]?.seq
    if (before === undefined) break
    const page = await plane.getSession({ sessionId, tail: 1000, before })
    if (page.items.length === 0) break
    items = [...page.items, ...items]
    hasMore = page.hasMore
  }
  return { ...newest, items, hasMore: false }
}

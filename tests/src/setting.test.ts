/** What is set by several at once: nobody's change is undone by another one's. */
import { expect, test } from "vitest"
import { reachOf } from "#src/control/reach"
import { setting } from "#src/control/setting"
import type { Daemons } from "#src/daemons"
import { foldsOf } from "#src/folds"
import type { PlaneContext } from "#src/plane-context"
import { newSessionId } from "#streams/ids"
import { paths } from "#streams/paths"
import { sessionRowChange } from "#streams/registry"
import { appendTo, createStream } from "#streams/stream"
import { createSession, streamServer } from "../support/stream-server.ts"

test("a title and a mode that are set at the same moment are both kept, whoever writes the row last", async () => {
  await using server = await streamServer()
  const { endpoint } = server
  const patience = { forMs: 0 }
  const folds = foldsOf(endpoint, patience)
  const context = { endpoint, folds, patience } as Partial<PlaneContext> as PlaneContext
  const sessionId = newSessionId()
  await createStream(endpoint, paths.registry)
  await createSession(endpoint, sessionId)
  const launched = { agentType: "demo", workingDir: "/", permissionMode: "ask" as const, createdAt: "" }
  await appendTo(endpoint, paths.registry, [sessionRowChange({ sessionId, title: "first", ...launched })])

  const reach = reachOf(context, {} as Daemons)
  const other = setting(context, reach)
  let meanwhile: (() => Promise<unknown>) | null = () => other.setMode({ sessionId, mode: "read_only" })
  const slow = setting(context, {
    ...reach,
    async inboxOf(id) {
      const inbox = await reach.inboxOf(id)
      const once = meanwhile
      meanwhile = null
      // What was read is old before it is written.
      await once?.()
      return inbox
    },
  })
  expect(await slow.rename({ sessionId, title: " second " })).toEqual({ sessionId, title: "second" })
  const { value } = await folds.registry()
  expect(value.get(sessionId)).toMatchObject({ title: "second", permissionMode: "read_only" })
})

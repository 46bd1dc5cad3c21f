import { expect, test } from "vitest"
import { gapless, Installation } from "./installation.ts"

/** Two hundred, with an API that is killed meanwhile, are in `two-hundred.test.ts`. */
const COUNT = process.env.AGENTZ_TEST_LONG ? 50 : 20

test(`${COUNT} sessions at once all complete, and every stream is whole`, async () => {
  await using agentz = await Installation.open()
  const { agent } = agentz.client(await agentz.up())
  const spawned = await Promise.all(
    Array.from({ length: COUNT }, (_, n) =>
      agent.spawn.mutate({
        agentType: "demo",
        prompt: `[[text n=20 ms=20]] [[write path=file-${n}.txt content=${n}]] [[say text=done]]`,
        workingDir: agentz.workingDir,
        permissionMode: "bypass",
      }),
    ),
  )
  for (const { sessionId } of spawned) {
    const session = await agentz.until(sessionId, "completed", ({ status }) => status === "completed", 80_000)
    expect(session.turns).toBe(1)
    expect(gapless(await agentz.events(sessionId))).toBe(true)
  }
  const { sessions } = await agent.listSessions.query({})
  expect(sessions).toHaveLength(COUNT)
})

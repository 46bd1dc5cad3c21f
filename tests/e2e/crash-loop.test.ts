/** What dies as soon as it is started is not started for ever, and says why. */
import { mkdirSync, rmSync } from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"
import { filesOf } from "#daemon/home"
import { parseCommand } from "#streams/command"
import { type SessionId, sessionIdOf } from "#streams/ids"
import { paths } from "#streams/paths"
import { readToTail } from "#streams/stream"
import { Installation, killHard, saidIn } from "./installation.ts"

async function daemonsGranted(agentz: Installation, sessionId: SessionId): Promise<number> {
  let count = 0
  for await (const { items } of readToTail(agentz.endpoint, paths.inbox(sessionId)))
    for (const command of items.map(parseCommand))
      if (command?.type === "starting" && command.purpose === "daemon") count += 1
  return count
}

test("a daemon that ends at its start is tried three times, then its session has failed with the reason", async () => {
  await using agentz = await Installation.open()
  const up = await agentz.up()
  const sessionId = await sessionIdOf("crash loop")
  // Where the daemon writes a file there is a directory.
  const trap = join(filesOf(agentz.home, sessionId).dir, "isolation.json")
  mkdirSync(trap, { recursive: true, mode: 0o700 })
  const request = { agentType: "demo", workingDir: agentz.workingDir, permissionMode: "bypass" as const }
  await agentz
    .client(up)
    .agent.spawn.mutate({ ...request, prompt: "[[say text=hello]]", idempotencyKey: "crash loop" })
  const session = await agentz.until(sessionId, "failed", ({ status }) => status === "failed")
  expect(session.error).toMatchObject({
    code: "start_failed",
    message: expect.stringContaining("EISDIR"),
    hint: expect.any(String),
  })
  expect((await agentz.run(["ls"])).stdout).toContain("failed")
  expect((await agentz.run(["logs", sessionId])).stdout).toContain("EISDIR")
  expect(await daemonsGranted(agentz, sessionId)).toBe(3)

  // A control plane that starts looks at every session before it takes up another one.
  await killHard(up.process)
  const again = agentz.client(await agentz.up())
  const other = (await again.agent.spawn.mutate({ ...request, prompt: "[[say text=other]]" })).sessionId
  await agentz.until(other, "completed", ({ status }) => status === "completed")
  expect(await daemonsGranted(agentz, sessionId)).toBe(3)

  rmSync(trap, { recursive: true })
  expect((await agentz.run(["resume", sessionId])).code).toBe(0)
  const done = await agentz.until(sessionId, "completed", ({ status }) => status === "completed")
  expect(saidIn(done)).toContain("hello")
})

test("an agent that ends at once fails its turn with what it said, and nobody but a person tries again", async () => {
  await using agentz = await Installation.open()
  agentz.addPlainAgent()
  await agentz.up()
  const sessionId = await agentz.spawn("die", "--agent", "plain")
  const { error, turns } = await agentz.until(sessionId, "failed", ({ status }) => status === "failed")
  expect(`${error?.message} ${error?.hint}`).toContain("I break now")
  expect(turns).toBe(1)
  expect(await daemonsGranted(agentz, sessionId)).toBe(1)
  expect((await agentz.run(["send", sessionId, "say hello"])).code).toBe(0)
  const session = await agentz.until(sessionId, "completed", ({ status }) => status === "completed")
  expect(saidIn(session)).toContain("hello")
})

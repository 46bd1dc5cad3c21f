/** Folds of long sessions in the home, by the program itself. */
import { existsSync, statSync } from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"
import { paths } from "#streams/paths"
import { appendTo } from "#streams/stream"
import { Installation, killHard } from "./installation.ts"

test("a long session is kept in the background, opened from that by the next server, and forgotten with it", async () => {
  await using agentz = await Installation.open({ AGENTZ_IDLE_SECONDS: "0.2" })
  const first = await agentz.up()
  const sessionId = await agentz.spawn("[[say text=hello]]")
  await agentz.until(sessionId, "parked", ({ status, daemon }) => status === "completed" && daemon === null)
  const { seq, turns } = await agentz.session(sessionId)
  const [model] = await agentz.events(sessionId)
  const more = Array.from({ length: 3_000 }, (_, n) => ({
    ...{ ...model, type: "notice", severity: "info", category: "test", title: `line ${n}` },
    ...{ id: `evt_more_${n}`, seq: seq + 1 + n, epoch: 1 },
  }))
  await appendTo(agentz.endpoint, paths.events(sessionId), more)
  // Its row tells how long it is; the next daemon writes it.
  await agentz.run(["send", sessionId, "[[say text=again]]"])
  await agentz.until(sessionId, "parked", (one) => one.turns > turns && one.daemon === null)
  const file = join(agentz.home, "folds", `${sessionId}.ndjson`)
  await expect.poll(() => existsSync(file), { timeout: 30_000 }).toBe(true)
  expect(statSync(file).mode & 0o077).toBe(0)

  const before = await agentz.client(first).agent.getSession.query({ sessionId })
  await killHard(first.process)
  const second = await agentz.up()
  const after = await agentz.client(second).agent.getSession.query({ sessionId })
  expect(after).toEqual(before)
  expect(after.session.seq).toBeGreaterThan(3_000)

  expect((await agentz.run(["prune", sessionId, "--yes"])).code).toBe(0)
  expect(existsSync(file)).toBe(false)
})

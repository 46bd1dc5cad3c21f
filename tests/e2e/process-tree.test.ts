/**
 * A command, or an agent, that does all it can to survive its turn: a cancel ends it, and so does whoever looks at the
 * session after its daemon was killed. A short run here; `AGENTZ_TEST_LONG=1` makes fifty rounds of each isolation.
 */
import { spawnSync } from "node:child_process"
import { resolve } from "node:path"
import { describe, expect, test } from "vitest"
import type { SessionId } from "#streams/ids"
import { needsDaemon } from "#streams/session"
import { wait } from "#streams/transport"
import { type Hostile, hostileTree } from "../support/hostile-tree.ts"
import { offeredIsolations } from "../support/offered-isolations.ts"
import { Installation, killPid, markedProcesses } from "./installation.ts"

const ROUNDS = process.env.AGENTZ_TEST_LONG ? 50 : 2
/** What is promised: whatever is left of a turn is gone after so long. */
const LIMIT_MS = 15_000

/** By a tool of an agent inside the daemon, or by an agent that is a process itself; and how it is to end. */
const WAYS = [
  ["demo", "kill"],
  ["plain", "cancel"],
  ["plain", "kill"],
  ["demo", "cancel"],
] as const

const promptFor = (agent: "demo" | "plain", script: string): string =>
  agent === "demo"
    ? `[[bash cmd=${JSON.stringify(script)}]]`
    : `run echo ${Buffer.from(script).toString("base64")} | base64 -d | sh`

async function until(what: string, condition: () => boolean, withinMs: number): Promise<void> {
  for (const limit = performance.now() + withinMs; !condition(); await wait(20))
    if (performance.now() > limit) throw new Error(`Never ${what}.`)
}

/** The session and doctor tell how processes are kept together. */
async function expectTold(agentz: Installation, sessionId: SessionId, kind: string): Promise<void> {
  await agentz.until(sessionId, "begun", ({ seq }) => seq >= 0)
  const [started] = await agentz.events(sessionId)
  expect(started).toMatchObject({ type: "session_started", isolation: kind })
  const { stdout } = await agentz.run(["doctor", "--json"])
  const { checks } = JSON.parse(stdout) as { checks: { name: string; detail: string }[] }
  expect(checks.find(({ name }) => name === "process isolation")?.detail).toMatch(new RegExp(`^${kind}:`))
}

describe.each(offeredIsolations().filter((kind) => kind !== "marker"))("isolation by %s", (kind) => {
  test(
    `nothing survives a cancel or a kill -9 of the daemon, in ${ROUNDS} rounds`,
    async () => {
      await using agentz = await Installation.open({ AGENTZ_ISOLATION: kind })
      agentz.addPlainAgent()
      await agentz.up()
      const survivors: number[] = []
      for (let round = 0; round < ROUNDS; round++) {
        const hostile: Hostile = hostileTree()
        try {
          const [agent, end] = WAYS[round % WAYS.length] ?? WAYS[0]
          const sessionId = await agentz.spawn(promptFor(agent, hostile.script), "--agent", agent)
          if (round === 0) await expectTold(agentz, sessionId, kind)
          await until("up", () => hostile.alive().length >= 6, 30_000)
          if (end === "kill") await killPid(agentz.daemon(sessionId))
          else await agentz.run(["cancel", sessionId])
          await until("over", () => hostile.alive().length === 0, LIMIT_MS).catch(() => undefined)
          survivors.push(hostile.alive().length)
          const session = await agentz.until(sessionId, "at rest", ({ status }) => !needsDaemon(status))
          expect(session.status).toBe(end === "kill" ? "interrupted" : "cancelled")
          expect(markedProcesses(sessionId)).toEqual([])
        } finally {
          hostile.clear()
        }
      }
      expect(survivors).toEqual(Array.from({ length: ROUNDS }, () => 0))
    },
    60_000 + ROUNDS * 30_000,
  )
})

const isRoot = process.getuid?.() === 0 && process.platform === "linux"

/** What a user without rights is offered here; `null` where he cannot even read the program. */
function offeredToNobody(): string | null {
  const program = `import(${JSON.stringify(resolve("dist/daemon/process/isolation.js"))}).then((it) => console.log(it.chooseIsolation("agentz-nobody").kind))`
  const nobody = ["--reuid=65534", "--regid=65534", "--clear-groups", process.execPath, "-e", program]
  const { stdout, status } = spawnSync("setpriv", nobody, { encoding: "utf8", cwd: "/", env: {} })
  return status === 0 ? stdout.trim() : null
}

test.runIf(isRoot)("a user without rights gets the next best rather than nothing", ({ skip }) => {
  const kind = offeredToNobody()
  skip(kind === null, "needs a checkout that other users may read")
  expect(["namespace", "marker"]).toContain(kind)
})

/**
 * The promise under random kill -9 of the API, the stream server, the daemons, agents that are processes of their own
 * and what agents run, while sessions stream to live readers. A short run here; `npm run test:crash` makes 200 kills,
 * `AGENTZ_TEST_KILLS` as many as are wanted, `AGENTZ_TEST_KILL_EVERY` so many seconds apart; `SEED=…` repeats one.
 */
import { readFileSync } from "node:fs"
import { expect, test } from "vitest"
import { isSame, signal } from "#daemon/process/identity"
import type { SessionId } from "#streams/ids"
import { needsDaemon, type Session } from "#streams/session"
import { wait } from "#streams/transport"
import { seeded } from "../support/seeded.ts"
import { type BusyAgent, busyPrompt, isTrue, keeperOf, readerOf, remainsOf } from "./crash-load.ts"
import { gapless, Installation, killHard, killPid, markedProcesses } from "./installation.ts"

const KILLS = Number(process.env.AGENTZ_TEST_KILLS ?? 10)
const LONG = KILLS > 50
const AGENTS: readonly BusyAgent[] = LONG ? twice(twice(["demo", "plain"])) : twice(["demo", "plain"])
const VICTIMS = ["api", "streams", "daemon", "agent", "tool"] as const
const PIECES = LONG ? 7 : 2
/** Between two kills it is half as long on the average. */
const PAUSE_MS = process.env.AGENTZ_TEST_KILL_EVERY
  ? Number(process.env.AGENTZ_TEST_KILL_EVERY) * 2_000
  : LONG
    ? 1_000
    : 600
/** Within this long of a kill every session's status is true. */
const TRUE_WITHIN_MS = 20_000
/** Mostly an API is up sooner. Where it is not the machine is busy with something else, and everything takes longer. */
const USUAL_START_MS = 2_000

const medianOf = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0

function twice<Value>(values: readonly Value[]): readonly Value[] {
  return [...values, ...values]
}

const isPlainAgent = ({ pid }: { readonly pid: number }): boolean => {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").includes("plain-agent.mjs")
  } catch {
    return false // It has ended since it was listed.
  }
}

// Not retried: a promise that holds at the second try is not kept.
test(`nothing is lost, doubled, reordered or left running after ${KILLS} random kills`, {
  retry: 0,
  timeout: 120_000 + KILLS * (10_000 + PAUSE_MS),
}, async () => {
  const random = seeded("kill anything")
  await using agentz = await Installation.open()
  agentz.addPlainAgent()
  let up = await agentz.up()
  let client = agentz.client(up)
  let upSince = performance.now()
  let livedBefore = 0
  const startMs: number[] = []
  /** How long there was an API altogether: nobody can tell the truth while the one who looks is dead. */
  const lived = () => livedBefore + Math.max(0, performance.now() - upSince)
  const spawned = await Promise.all(
    AGENTS.map((agentType) =>
      client.agent.spawn.mutate({
        agentType,
        prompt: busyPrompt(agentType, PIECES),
        workingDir: agentz.workingDir,
        permissionMode: "bypass",
      }),
    ),
  )
  const sessions = spawned.map(({ sessionId }) => sessionId)
  const seen = sessions.map((sessionId, index) => ({
    sessionId,
    agent: AGENTS[index] ?? "demo",
    both: [readerOf(agentz, sessionId), readerOf(agentz, sessionId)] as const,
  }))
  await using _readers = {
    async [Symbol.asyncDispose]() {
      for (const { both } of seen) for (const reader of both) await reader[Symbol.asyncDispose]()
    },
  }
  const keepers = seen.map(({ agent, both: [reader] }) =>
    keeperOf(reader, busyPrompt(agent, PIECES), () => client),
  )
  for (const { both } of seen) while (!isTrue(agentz, both[0].session)) await wait(50)
  const untrue = () =>
    seen.flatMap(({ sessionId, both: [{ session }] }) =>
      isTrue(agentz, session) && !unsaid(session) ? [] : [sessionId],
    )
  /** Agents that were killed in a turn which its session still says is running. */
  const mourned = new Map<SessionId, string>()
  const unsaid = ({ sessionId, turnId, status }: Session) =>
    needsDaemon(status) && turnId !== null && mourned.get(sessionId) === turnId
  const truthMs: number[] = []
  const truths: Promise<void>[] = []
  const judge = async (kill: string) => {
    const from = lived()
    const wrong = new Set(untrue())
    while (wrong.size > 0) {
      const withinMs = TRUE_WITHIN_MS * Math.max(1, medianOf(startMs) / USUAL_START_MS)
      if (lived() - from > withinMs)
        throw new Error(
          `Untrue ${Math.round(withinMs)} ms after ${kill}: ${[...wrong].join(", ")}\n${agentz.apiLog().slice(-6_000)}`,
        )
      await wait(50)
      const now = untrue()
      for (const sessionId of [...wrong]) if (!now.includes(sessionId)) wrong.delete(sessionId)
    }
    truthMs.push(lived() - from)
  }

  const kill = {
    async api() {
      livedBefore = lived()
      upSince = Number.POSITIVE_INFINITY
      await killHard(up.process)
      const from = performance.now()
      up = await agentz.up()
      startMs.push(performance.now() - from)
      client = agentz.client(up)
      upSince = performance.now()
      return true
    },
    async streams() {
      const server = agentz.streamServer()
      if (server === null) return false
      await killPid(server)
      return true
    },
    async daemon() {
      const run = agentz.daemonIfAny(random.pick(sessions))
      if (run === null || !isSame(run)) return false
      await killPid(run)
      return true
    },
    async agent() {
      const { sessionId, both } = random.pick(seen.filter(({ agent }) => agent === "plain"))
      const { turnId } = both[0].session
      const agent = markedProcesses(sessionId).find(isPlainAgent)
      if (agent === undefined || !signal(agent, "SIGKILL")) return false
      if (turnId !== null) mourned.set(sessionId, turnId)
      return true
    },
    async tool() {
      const processes = markedProcesses(random.pick(sessions)).filter((one) => !isPlainAgent(one))
      return processes.length > 0 && signal(random.pick(processes), "SIGKILL")
    },
  }
  const done = { api: 0, streams: 0, daemon: 0, agent: 0, tool: 0 }
  let failed = false
  for (let kills = 0; kills < KILLS && !failed; ) {
    // Each as often as the others, in an order that nobody knows.
    const victim = random.pick(VICTIMS.filter((one) => done[one] <= kills / VICTIMS.length))
    if (await kill[victim]()) {
      kills += 1
      done[victim] += 1
      truths.push(judge(`kill ${kills} (${victim})`))
      truths.at(-1)?.catch(() => {
        failed = true
      })
    }
    await wait(random.next() * PAUSE_MS)
  }
  await Promise.all(truths)
  await Promise.all(keepers.map((keeper) => keeper.finish()))
  console.log(
    `killed ${JSON.stringify(done)}; every status true within ${Math.round(Math.max(...truthMs))} ms of an API's life; an API was up after ${Math.round(medianOf(startMs))} ms; ${seen.reduce((sum, { both: [{ ids }] }) => sum + ids.size, 0)} events`,
  )

  const folded = []
  for (const [index, { sessionId, both }] of seen.entries()) {
    const events = await agentz.events(sessionId)
    expect(gapless(events), `${sessionId} has each event once, in order`).toBe(true)
    const ids = new Set(events.map(({ id }) => id))
    expect(ids.size).toBe(events.length)
    const epochs = events.map(({ epoch }) => epoch)
    expect(epochs).toEqual([...epochs].sort((a, b) => a - b))
    const session = await agentz.session(sessionId)
    for (const reader of both) {
      while (reader.session.seq < session.seq) await wait(50)
      expect([...reader.ids].filter((id) => !ids.has(id))).toEqual([])
      expect(reader.session).toEqual(session)
    }
    const taken = events.flatMap((event) => (event.type === "user_message" ? [event.messageId] : []))
    expect(new Set(taken).size).toBe(taken.length)
    expect([...(keepers[index]?.messages ?? [])].filter((id) => !taken.includes(id as never))).toEqual([])
    expect(needsDaemon(session.status)).toBe(false)
    folded.push(session)
  }
  const listed = await client.agent.listSessions.query({})
  expect(listed.sessions.map(({ status }) => status)).toEqual(folded.map(() => "completed"))

  expect((await agentz.run(["down", "--all"])).code).toBe(0)
  expect(remainsOf(agentz, folded)).toEqual([])
})

/** A real installation under 50 demo sessions at once, and under one alone. */
import { execFile, spawn } from "node:child_process"
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { promisify } from "node:util"
import { createTRPCClient, httpLink } from "@trpc/client"
import { quantile, wait } from "./figures.mjs"
import { plain, textTable } from "./table.mjs"

const PROGRAM = resolve("dist/src/cli/main.js")
const SESSIONS = 50
const PROMPT = "[[text n=20 ms=20]] [[say text=done]]"

/** @param {{ say(line: string): void }} tools */
export async function measureSessions({ say }) {
  const dir = mkdtempSync(join(tmpdir(), "agentz-bench-"))
  const env = {
    PATH: process.env.PATH,
    HOME: dir,
    AGENTZ_HOME: join(dir, "home"),
    AGENTZ_PORT: "0",
    AGENTZ_STREAMS_PORT: "0",
  }
  const api = spawn(process.execPath, [PROGRAM, "up", "--json"], { env, stdio: ["ignore", "pipe", "ignore"] })
  try {
    const ready = JSON.parse(
      await new Promise((done) => api.stdout.once("data", (line) => done(String(line)))),
    )
    const headers = { authorization: `Bearer ${ready.token}` }
    const { agent } = createTRPCClient({ links: [httpLink({ url: `${ready.api}/trpc`, headers })] })
    const first = (sessionId, from) => firstEvent(ready, sessionId).then(() => performance.now() - from)
    const start = async () => {
      const from = performance.now()
      const { sessionId } = await agent.spawn.mutate({
        agentType: "demo",
        prompt: PROMPT,
        workingDir: dir,
        permissionMode: "bypass",
      })
      return { sessionId, firstMs: await first(sessionId, from), from }
    }

    say("one session alone, five times")
    const alone = []
    for (let n = 0; n < 5; n++) {
      const { sessionId, firstMs } = await start()
      alone.push(firstMs)
      await completed(agent, [sessionId])
    }
    say(`${SESSIONS} sessions at once`)
    const from = performance.now()
    const started = await Promise.all(Array.from({ length: SESSIONS }, start))
    const failed = await completed(
      agent,
      started.map(({ sessionId }) => sessionId),
    )
    const allMs = performance.now() - from
    const daemons = runsIn(join(env.AGENTZ_HOME, "run")).map(memoryOf)
    return {
      alone: { firstEventMs: { p50: quantile(alone, 0.5), max: Math.max(...alone) } },
      many: {
        sessions: SESSIONS,
        failed,
        firstEventMs: times(started.map(({ firstMs }) => firstMs)),
        allCompletedMs: allMs,
      },
      memoryMb: {
        daemonRss: quantile(
          daemons.map(({ rss }) => rss),
          0.5,
        ),
        daemonPss: quantile(
          daemons.map(({ pss }) => pss),
          0.5,
        ),
        api: memoryOf(ready.pid).rss,
        streams: memoryOf(ready.streamsPid).rss,
      },
    }
  } finally {
    await promisify(execFile)(process.execPath, [PROGRAM, "down", "--all"], { env })
    rmSync(dir, { recursive: true, force: true })
  }
}

const times = (values) => ({ p50: quantile(values, 0.5), p95: quantile(values, 0.95) })

/** Resolves when the session's stream has its first event, by long poll at the API's own gateway. */
async function firstEvent({ api, token }, sessionId) {
  for (;;) {
    const answer = await fetch(`${api}/v1/stream/${sessionId}/events?offset=-1`, {
      headers: { authorization: `Bearer ${token}` },
    })
    if (answer.ok && (await answer.text()).includes("session_started")) return
    await wait(5)
  }
}

/** Waits until none of them is under way; tells how many did not complete. */
async function completed(agent, ids) {
  for (;;) {
    const { sessions } = await agent.listSessions.query({ limit: 500 })
    const ours = sessions.filter(({ sessionId }) => ids.includes(sessionId))
    if (ours.every(({ status }) => !["starting", "running", "waiting"].includes(status)))
      return ours.filter(({ status }) => status !== "completed").length
    await wait(50)
  }
}

const runsIn = (dir) =>
  readdirSync(dir)
    .filter((name) => name.startsWith("ses_"))
    .map((name) => JSON.parse(readFileSync(join(dir, name), "utf8")).pid)

/** Resident and proportional memory in MB, as Linux counts them. */
function memoryOf(pid) {
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, "utf8")
  const of = (name) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(text)?.[1] ?? 0) / 1024
  return { rss: of("Rss"), pss: of("Pss") }
}

export const sessionsText = ({ alone, many, memoryMb }) =>
  textTable(
    ["figure", "value"],
    [
      ["spawn to first event, one alone, p50 ms", plain(alone.firstEventMs.p50)],
      [`spawn to first event, ${many.sessions} at once, p50 ms`, plain(many.firstEventMs.p50)],
      [`spawn to first event, ${many.sessions} at once, p95 ms`, plain(many.firstEventMs.p95)],
      ["all completed after ms", plain(many.allCompletedMs)],
      ["sessions that did not complete", plain(many.failed)],
      ["memory of a daemon, RSS MB", plain(memoryMb.daemonRss)],
      ["memory of a daemon, its share (PSS) MB", plain(memoryMb.daemonPss)],
      ["memory of the API, RSS MB", plain(memoryMb.api)],
      ["memory of the stream server, RSS MB", plain(memoryMb.streams)],
    ],
  )

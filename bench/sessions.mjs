// A real installation in a temporary home: how fast sessions start, alone and fifty at once, and what they cost.
import { median, quantile, wait } from "./figures.mjs"
import { endHard, installationIn } from "./installation.mjs"
import { memoryOf, withDir } from "./servers.mjs"
import { plain, textTable } from "./table.mjs"

const SESSIONS = 50
const ALONE = 5
const LIMIT_MS = 90_000
const promptOf = (n) => `[[text n=20 ms=20]] [[write path=file-${n}.txt content=${n}]] [[say text=done]]`
const LONG = "[[text n=400 ms=50]] [[say text=done]]"

/** @param {{ say: (text: string) => void }} options */
export async function measureSessions({ say }) {
  return await withDir(async (dir) => {
    const installation = installationIn(dir)
    const started = performance.now()
    const plane = await installation.up()
    try {
      const upMs = performance.now() - started
      return { upMs, ...(await measure({ ...plane, ...installation }, say)) }
    } finally {
      installation.down()
      await endHard(plane.process)
    }
  })
}

async function measure(installation, say) {
  const streams = installation.streams()
  const at = { ...installation, streams, over: new AbortController() }
  const alone = []
  for (let turn = 0; turn < ALONE; turn++) {
    say(`session ${turn + 1} of ${ALONE} alone`)
    alone.push(await runSession(at, promptOf(`alone-${turn}`)))
  }
  say(`${SESSIONS} sessions at once`)
  const started = performance.now()
  const together = await Promise.all(Array.from({ length: SESSIONS }, (_, n) => runSession(at, promptOf(n))))
  const allMs = performance.now() - started

  say(`memory with ${SESSIONS} daemons at work`)
  const before = new Set(at.daemons())
  const long = await Promise.all(Array.from({ length: SESSIONS }, () => startSession(at, LONG)))
  await Promise.all(long.map((session) => session.firstEvent))
  await wait(2_000)
  const pids = at.daemons().filter((pid) => !before.has(pid))
  const daemons = pids.flatMap((pid) => memoryIfAlive(pid) ?? [])
  at.over.abort()
  return {
    alone: summary(alone),
    together: { ...summary(together), allCompletedMs: allMs, completed: count(together, "completed") },
    memory: {
      daemons: daemons.length,
      daemonRss: median(daemons.map(({ rss }) => rss)),
      daemonPss: median(daemons.map(({ pss }) => pss)),
      daemonsPssSum: daemons.reduce((sum, { pss }) => sum + pss, 0),
      api: memoryOf(at.pid),
      streams: memoryOf(streams.pid),
    },
  }
}

const count = (sessions, end) => sessions.filter((session) => session.end === end).length

const summary = (sessions) => ({
  spawnMs: median(sessions.map(({ spawnMs }) => spawnMs)),
  firstEventP50: median(sessions.map(({ firstEventMs }) => firstEventMs)),
  firstEventP95: quantile(
    sessions.map(({ firstEventMs }) => firstEventMs),
    0.95,
  ),
  daemonStartP50: median(sessions.map(({ daemonStartMs }) => daemonStartMs)),
  completedP50: median(sessions.map(({ completedMs }) => completedMs)),
})

/** From asking for a session to its end, as a client of the stream server sees it. */
async function runSession(at, prompt) {
  const session = await startSession(at, prompt)
  const [firstEventMs, { end, completedMs }] = await Promise.all([session.firstEvent, session.ended])
  return { ...session, firstEventMs, daemonStartMs: firstEventMs - session.spawnMs, completedMs, end }
}

async function startSession({ api, token, streams, workingDir, over }, prompt) {
  const started = performance.now()
  const input = { agentType: "demo", prompt, workingDir, permissionMode: "bypass" }
  const response = await fetch(`${api}/trpc/agent.spawn`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    body: JSON.stringify(input),
  })
  const answer = await response.json()
  if (!response.ok) throw new Error(`spawn was answered ${response.status}: ${JSON.stringify(answer)}`)
  const { sessionId } = answer.result.data
  const spawnMs = performance.now() - started
  let heard = () => undefined
  const firstEvent = new Promise((resolve) => {
    heard = resolve
  })
  const ended = follow({ streams, sessionId, over: over.signal }, started, (ms) => heard(ms))
  return { sessionId, spawnMs, firstEvent, ended }
}

/** Follows a session's events until its turn has ended. */
async function follow({ streams, sessionId, over }, started, onFirst) {
  const since = () => performance.now() - started
  const headers = streams.token === null ? {} : { authorization: `Bearer ${streams.token}` }
  let offset = "-1"
  let heard = false
  while (since() < LIMIT_MS && !over.aborted) {
    const url = `${streams.url}/${sessionId}/events?offset=${offset}&live=long-poll`
    const response = await fetch(url, { headers, signal: over }).catch(() => null)
    if (response === null || !response.ok) {
      await response?.body?.cancel()
      await wait(5)
      continue
    }
    offset = response.headers.get("stream-next-offset") ?? offset
    const events = response.status === 200 ? await response.json().catch(() => []) : []
    if (!heard && events.length > 0) {
      heard = true
      onFirst(since())
    }
    if (events.some(({ type }) => type === "turn_ended")) return { end: "completed", completedMs: since() }
    if (events.some(({ type }) => type === "session_failed")) return { end: "failed", completedMs: since() }
  }
  onFirst(Number.NaN)
  return { end: "never", completedMs: Number.NaN }
}

function memoryIfAlive(pid) {
  try {
    return memoryOf(pid)
  } catch {
    return null // It ended meanwhile.
  }
}

export function sessionsText({ upMs, alone, together, memory }) {
  const rows = [
    ["agentz up, until it is ready (ms)", plain(upMs)],
    [`one alone (of ${ALONE}): spawn answered, p50 (ms)`, plain(alone.spawnMs)],
    ["  spawn to first event, p50 (ms)", plain(alone.firstEventP50)],
    ["  of that the daemon's start, p50 (ms)", plain(alone.daemonStartP50)],
    ["  spawn to the turn's end, p50 (ms)", plain(alone.completedP50)],
    [`${SESSIONS} at once: spawn to first event, p50 (ms)`, plain(together.firstEventP50)],
    ["  spawn to first event, p95 (ms)", plain(together.firstEventP95)],
    [`  until all have ended: ${together.completed} completed (ms)`, plain(together.allCompletedMs)],
    [`memory of a daemon at work, median of ${memory.daemons}: RSS (MiB)`, plain(memory.daemonRss)],
    ["  PSS, shared pages in parts (MiB)", plain(memory.daemonPss)],
    ["  all daemons together, PSS (MiB)", plain(memory.daemonsPssSum)],
    ["memory of the API: RSS, RssAnon (MiB)", `${plain(memory.api.rss)}, ${plain(memory.api.anonymous)}`],
    [
      "memory of the stream server: RSS, RssAnon (MiB)",
      `${plain(memory.streams.rss)}, ${plain(memory.streams.anonymous)}`,
    ],
  ]
  return textTable(["", "figure"], rows)
}

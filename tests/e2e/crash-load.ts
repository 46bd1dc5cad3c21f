/** Sessions that never rest, two live readers each, and whoever keeps them busy: what the crash tests kill under. */
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { socketOf } from "#daemon/home"
import { cgroupBase, groupNameOf, groupsIn } from "#daemon/process/cgroup"
import { isSame } from "#daemon/process/identity"
import { snapshot } from "#daemon/process/snapshot"
import { parseEvent } from "#streams/event"
import { follow } from "#streams/follow"
import type { SessionId } from "#streams/ids"
import { paths } from "#streams/paths"
import { emptySession, needsDaemon, type Session } from "#streams/session"
import { foldSession } from "#streams/session-fold"
import { addressOf, authorization, type Endpoint, wait } from "#streams/transport"
import type { Installation } from "./installation.ts"

/** `demo` answers inside its daemon, `plain` is a process of its own: {@link Installation.addPlainAgent}. */
export type BusyAgent = "demo" | "plain"

const PIECE = {
  demo: '[[slow n=60 ms=20]] [[huge mb=0.2 chunk=100000]] [[bash cmd="sleep 1; echo done"]]',
  plain: "stream 60 20 100\nstream 2 0 100000\nrun sleep 1; echo done",
}
const END = { demo: '[[say text="the end"]]', plain: "say the end" }

/** So often about two seconds of 100 B to 100 kB events, and commands that can be killed. */
export const busyPrompt = (agent: BusyAgent, pieces: number): string =>
  [...Array.from({ length: pieces }, () => PIECE[agent]), END[agent]].join("\n")

/** What one who watches a session live has seen of it. */
export interface Reader extends AsyncDisposable {
  readonly session: Session
  readonly ids: ReadonlySet<string>
}

export function readerOf(agentz: Installation, sessionId: SessionId): Reader {
  const closing = new AbortController()
  const ids = new Set<string>()
  let session = emptySession(sessionId)
  let at: Endpoint = agentz.endpoint()
  const endpoint = () => {
    at = agentz.streamServer() ?? at
    return at
  }
  const reading = (async () => {
    const url = () => addressOf(endpoint(), paths.events(sessionId))
    const headers = () => authorization(endpoint())
    for await (const { items } of follow({ url, headers, signal: closing.signal })) {
      const events = items.map(parseEvent).filter((event) => event !== null)
      for (const { id } of events) ids.add(id)
      session = foldSession(session, events)
    }
  })()
  return {
    get session() {
      return session
    },
    ids,
    async [Symbol.asyncDispose]() {
      closing.abort()
      await reading
    },
  }
}

/** Whether what a reader is told can be so: a session that needs a daemon has one. */
export function isTrue(agentz: Installation, { sessionId, status }: Session): boolean {
  if (!needsDaemon(status)) return true
  const run = agentz.daemonIfAny(sessionId)
  return run !== null && isSame(run)
}

/** Sends and resumes until it is told to let the session come to its end; keeps what was acknowledged. */
export function keeperOf(
  reader: Reader,
  prompt: string,
  api: () => ReturnType<Installation["client"]>,
): { readonly messages: ReadonlySet<string>; finish(): Promise<void> } {
  const { sessionId } = reader.session
  const messages = new Set<string>()
  let finishing = false
  const quiet = (): boolean =>
    finishing && reader.session.status === "completed" && reader.session.queue.length === 0

  const working = (async () => {
    let asked = 0
    for (let sent = 0; !quiet(); await wait(100)) {
      const { status, seq } = reader.session
      if (needsDaemon(status) || seq === asked) continue
      try {
        if (status === "interrupted" || status === "failed") await api().agent.resume.mutate({ sessionId })
        else if (!finishing) {
          const message = { sessionId, text: prompt, idempotencyKey: `${sessionId} ${sent}` }
          messages.add((await api().agent.sendMessage.mutate(message)).messageId)
          sent += 1
        } else continue
        asked = seq
      } catch {
        // The API was killed in mid-call, or the session went on by itself: the next look decides.
        await wait(200)
      }
    }
  })()
  return {
    messages,
    async finish() {
      finishing = true
      await working
    },
  }
}

/** What is left on the machine of a home that was shut down: processes, control groups, run files, sockets. */
export function remainsOf(
  agentz: Installation,
  sessions: readonly Pick<Session, "sessionId" | "epoch">[],
): string[] {
  const processes = snapshot().filter(
    (one) =>
      one.carries("AGENTZ_DAEMON_OF", agentz.home) ||
      one.carries("AGENTZ_HOME", agentz.home) ||
      sessions.some(({ sessionId }) => one.carries("AGENTZ_SESSION", sessionId)),
  )
  const names = new Set(
    readFileSync("/proc/net/unix", "utf8")
      .split("\n")
      .map((line) => line.trim().split(/\s+/)[7] ?? ""),
  )
  const secret = readFileSync(join(agentz.home, "socket-secret"), "utf8").trim()
  const sockets = sessions.flatMap(({ sessionId, epoch }) =>
    Array.from({ length: epoch + 1 }, (_, n) =>
      socketOf(agentz.home, sessionId, n, secret).replace("\0", "@"),
    ).filter((name) => names.has(name)),
  )
  const base = cgroupBase()
  const dirs = new Set(
    [base?.kill, base?.memory?.dir, base?.processes?.dir].filter((dir) => dir !== undefined),
  )
  const own = new Set(sessions.map(({ sessionId }) => groupNameOf(agentz.home, sessionId)))
  const groups = [...dirs].flatMap((dir) => groupsIn(dir).filter((name) => own.has(name)))
  return [...processes.map(({ pid }) => `process ${pid}`), ...groups, ...sockets, ...agentz.runFiles()]
}

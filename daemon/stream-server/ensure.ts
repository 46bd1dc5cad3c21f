/**
 * Brings this home's own stream server back. Whoever notices that it is dead does this, control plane or daemon: the
 * first one starts it, the others wait for that one. Should two start it all the same, its data directory's lock
 * lets one through.
 */
import { type ChildProcess, spawn } from "node:child_process"
import { createHash } from "node:crypto"
import { closeSync, openSync, readFileSync } from "node:fs"
import { createServer } from "node:net"
import { join } from "node:path"
import { setTimeout as wait } from "node:timers/promises"
import { streamsRunFileOf } from "../home.ts"
import { isSame } from "../process/identity.ts"
import { readRunFile, ServerRun } from "../run-file.ts"
import { noteStart, type Trouble, troubleOf } from "./setbacks.ts"

export interface StreamServerLaunch {
  readonly home: string
  /** The program of the stream server's own process. */
  readonly main: string
  /** 0: any free one. */
  readonly port: number
  /** What opens it; `null`: the one that the home keeps. */
  readonly token: string | null
  readonly onStart?: (pid: number | undefined) => void
  /** It was ended by a signal that its starter saw. */
  readonly onDeath?: (death: { readonly pid: number; readonly signal: string }) => void
}

/** It does not run, and it is not known when it will. */
export class StreamServerDown extends Error {
  override readonly name = "StreamServerDown"
}

const START_LIMIT_MS = 15_000
/**
 * Nobody waits longer than this for the one who has the turn. Any user of the machine could hold it; then the data
 * directory's lock alone decides.
 */
const TURN_LIMIT_MS = 8_000
/** A pause between starts that is no longer than this is sat out. */
const PATIENCE_MS = 3_000
/** Exit code of a stream server that found another one on its data directory. */
export const BUSY = 75

/** Resolves when it answers. Throws {@link StreamServerDown}, with the reason as its log has it. */
export async function ensureStreamServer(launch: StreamServerLaunch): Promise<void> {
  const { home } = launch
  const before = liveStreamServer(home)
  if (before && (await answers(before.url))) return
  const began = performance.now()
  const limit = began + START_LIMIT_MS
  let started: { child: ChildProcess; exited: () => number | null } | null = null
  let turn: Disposable | null = null
  try {
    while (performance.now() < limit) {
      const run = liveStreamServer(home)
      if (run && (await answers(run.url))) return
      const exited = started?.exited() ?? null
      // Ours may have found another one just starting: that one is waited for. Else nobody comes any more.
      if (exited !== null && run === null && exited !== BUSY) break
      if (run === null && started === null) {
        // Who does not have the turn waits for the one who has: it starts the server, or gives up.
        turn ??= (await takeTurn(home)) ?? (performance.now() - began > TURN_LIMIT_MS ? noTurn() : null)
        // Whoever had the turn before us may have brought it back meanwhile.
        if (turn !== null && liveStreamServer(home) === null) {
          await pauseFor(troubleOf(home))
          started = start(launch)
        }
      }
      await wait(25)
    }
  } finally {
    turn?.[Symbol.dispose]()
  }
  throw new StreamServerDown(`The stream server does not start: ${lastWordsOf(home)}`)
}

async function pauseFor(trouble: Trouble | null): Promise<void> {
  if (trouble === null) return
  const ms = trouble.retryInSeconds * 1000
  if (ms > PATIENCE_MS) throw new StreamServerDown(sentenceOf(trouble))
  await wait(ms)
}

export const sentenceOf = ({ failures, reason, retryInSeconds }: Trouble): string =>
  `The stream server ended ${failures} ${failures === 1 ? "time" : "times"} in a row soon after its start and is tried again in ${Math.ceil(retryInSeconds)} s: ${reason}`

export function liveStreamServer(home: string): ServerRun | null {
  const run = readRunFile(streamsRunFileOf(home), ServerRun)
  return run && isSame(run) ? run : null
}

export const streamsLogOf = (home: string): string => join(home, "streams.log")

function start({ home, main, port, token, onStart, onDeath }: StreamServerLaunch) {
  noteStart(home, lastWordsOf(home))
  const fd = openSync(streamsLogOf(home), "a", 0o600)
  try {
    const { PATH = "", HOME = "" } = process.env
    const child = spawn(process.execPath, [main], {
      cwd: "/",
      detached: true,
      stdio: ["ignore", fd, fd],
      env: {
        PATH,
        HOME,
        AGENTZ_HOME: home,
        AGENTZ_STREAMS_PORT: String(port),
        ...(token !== null && { AGENTZ_STREAMS_TOKEN: token }),
      },
    })
    child.unref()
    let exited: number | null = null
    child.once("error", () => {
      exited = 1
    })
    child.once("exit", (code, signal) => {
      exited = code ?? 1
      if (signal !== null && child.pid !== undefined) onDeath?.({ pid: child.pid, signal })
    })
    onStart?.(child.pid)
    return { child, exited: () => exited }
  } finally {
    closeSync(fd)
  }
}

/**
 * The right to start it, until disposed or dead; `null` while another process has it. Held by an abstract socket,
 * which needs no cleaning up; where there are none, the data directory's lock alone decides.
 */
function takeTurn(home: string): Promise<Disposable | null> {
  if (process.platform !== "linux") return Promise.resolve(noTurn())
  const name = createHash("sha256").update(`${home}\nstart the stream server`).digest("hex").slice(0, 32)
  const server = createServer((socket) => socket.destroy())
  server.unref()
  return new Promise((resolve) => {
    server.once("error", () => resolve(null))
    server.listen(`\0agentz-${name}`, () => resolve({ [Symbol.dispose]: () => void server.close() }))
  })
}

const noTurn = (): Disposable => ({ [Symbol.dispose]: () => undefined })

async function answers(url: string): Promise<boolean> {
  try {
    const response = await fetch(new URL("/healthz", url), { signal: AbortSignal.timeout(1000) })
    await response.body?.cancel()
    return response.ok
  } catch {
    return false // Not answering is the answer that was asked for.
  }
}

function lastWordsOf(home: string): string {
  const line = lastLineOf(streamsLogOf(home))
  try {
    const { error, message } = JSON.parse(line)
    return `${error ?? message ?? "it was killed, or died without a word."}`
  } catch {
    return line || `see ${streamsLogOf(home)}.`
  }
}

function lastLineOf(path: string): string {
  try {
    return readFileSync(path, "utf8").trimEnd().split("\n").at(-1) ?? ""
  } catch {
    return "" // It never ran, or its log was removed.
  }
}

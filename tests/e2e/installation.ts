/**
 * One installation of agentz, as a person has it: a home of its own, the built program, real detached processes.
 * Disposing it ends everything with `agentz down --all` and proves that nothing is left.
 */
import { type ChildProcess, execFile, spawn } from "node:child_process"
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs"
import { join, resolve } from "node:path"
import { createTRPCClient, httpLink, TRPCClientError } from "@trpc/client"
import { filesOf, streamsRunFileOf } from "#daemon/home"
import { isSame, signal } from "#daemon/process/identity"
import { processesOf } from "#daemon/process/tree"
import { DaemonRun, readRunFile, ServerRun } from "#daemon/run-file"
import type { AppRouter } from "#src/router"
import { type WorkerRun, workersOf } from "#src/workflows/worker/ensure"
import { parseEvent, type SessionEvent } from "#streams/event"
import { SessionId } from "#streams/ids"
import { paths } from "#streams/paths"
import { emptySession, type Session } from "#streams/session"
import { foldSession } from "#streams/session-fold"
import { readToTail } from "#streams/stream"
import { type Endpoint, wait } from "#streams/transport"
import { tempDir } from "../support/temp-dir.ts"

/** The command, as it is built. */
export const PROGRAM = resolve("dist/programs/agentz.js")

export interface Ready {
  readonly url: string
  readonly api: string
  readonly token: string
  readonly pid: number
  readonly streamsUrl: string
  readonly streamsPid: number
}

export interface Finished {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

export class Installation implements AsyncDisposable {
  readonly home: string
  readonly workingDir: string
  readonly #env: Record<string, string>
  readonly #dirs: readonly AsyncDisposable[]
  readonly #children = new Set<ChildProcess>()

  private constructor(dirs: readonly (AsyncDisposable & { path: string })[], env: Record<string, string>) {
    const [home, workingDir] = dirs
    if (!home || !workingDir) throw new Error("An installation needs a home and a directory to work in.")
    this.home = env.AGENTZ_HOME ?? join(home.path, "home")
    this.workingDir = workingDir.path
    this.#dirs = dirs
    this.#env = {
      PATH: process.env.PATH ?? "",
      HOME: home.path,
      AGENTZ_HOME: this.home,
      AGENTZ_PORT: "0",
      AGENTZ_STREAMS_PORT: "0",
      ...env,
    }
  }

  static async open(env: Record<string, string> = {}): Promise<Installation> {
    if (!existsSync(PROGRAM)) throw new Error("There is no build: run `npm run build` first.")
    return new Installation([await tempDir(), await tempDir()], env)
  }

  /** Makes an agent known, `plain`, that is a process of its own: `tests/support/plain-agent.mjs`. */
  addPlainAgent(set: Readonly<Record<string, string>> = {}): void {
    mkdirSync(this.home, { recursive: true, mode: 0o700 })
    const plain = { command: process.execPath, args: [resolve("tests/support/plain-agent.mjs")], set }
    writeFileSync(join(this.home, "agents.json"), JSON.stringify({ agents: { plain } }))
  }

  /** `agentz up --json`, when it is ready. */
  async up(env: Record<string, string> = {}): Promise<Ready & { readonly process: ChildProcess }> {
    const child = spawn(process.execPath, [PROGRAM, "up", "--json"], {
      env: { ...this.#env, ...env },
      stdio: ["ignore", "pipe", "pipe"],
    })
    this.#children.add(child)
    let stdout = ""
    let stderr = ""
    child.stderr.on("data", (chunk) => {
      stderr += chunk
    })
    const line = await new Promise<string>((done, fail) => {
      child.stdout.on("data", (chunk) => {
        stdout += chunk
        if (stdout.includes("\n")) done(stdout)
      })
      child.once("exit", (code) => fail(new Error(`agentz up ended with ${code}: ${stderr}`)))
    })
    return { ...JSON.parse(line), process: child }
  }

  /** What a program of this installation is started with. */
  environment(more: Record<string, string> = {}): Record<string, string> {
    return { ...this.#env, ...more }
  }

  /** Runs one command to its end. */
  run(
    args: readonly string[],
    options: { readonly cwd?: string; readonly env?: Record<string, string>; readonly input?: string } = {},
  ): Promise<Finished> {
    return new Promise((done) => {
      const child = execFile(
        process.execPath,
        [PROGRAM, ...args],
        { env: { ...this.#env, ...options.env }, cwd: options.cwd ?? this.workingDir, maxBuffer: 64 << 20 },
        (error, stdout, stderr) => done({ code: error ? (child.exitCode ?? null) : 0, stdout, stderr }),
      )
      child.stdin?.end(options.input ?? "")
    })
  }

  /** A session that runs without waiting for anybody. */
  async spawn(prompt: string, ...args: readonly string[]): Promise<SessionId> {
    const { stdout, stderr, code } = await this.run(["run", prompt, "--detach", "--mode", "bypass", ...args])
    if (code !== 0) throw new Error(`agentz run ended with ${code}: ${stderr}`)
    return SessionId.parse(stdout.trim())
  }

  /** Our stream server while it lives. */
  streamServer(): ServerRun | null {
    const run = readRunFile(streamsRunFileOf(this.home), ServerRun)
    return run && isSame(run) ? run : null
  }

  /** The processes that move runs on, as far as they live. */
  workers(): WorkerRun[] {
    return workersOf(this.home).filter(isSame)
  }

  /** What is left that says who runs, and the lock of the stream server's directory. */
  runFiles(): string[] {
    const lock = join(this.home, "streams", "lock")
    return [...readdirSync(join(this.home, "run")), ...(existsSync(lock) ? ["lock"] : [])]
  }

  /** Our stream server as its run file has it, alive or not. */
  server(): ServerRun {
    const run = readRunFile(streamsRunFileOf(this.home), ServerRun)
    if (!run) throw new Error("No stream server runs.")
    return run
  }

  /** Of our stream server, or of the one that it was opened on. */
  readonly endpoint = (): Endpoint => {
    const { AGENTZ_STREAMS_URL: url, AGENTZ_STREAMS_TOKEN: token } = this.#env
    return url === undefined ? this.server() : { url, token: token || null }
  }

  /** What is in the stream, raw. */
  async events(sessionId: SessionId): Promise<SessionEvent[]> {
    const events: SessionEvent[] = []
    for await (const { items } of readToTail(this.endpoint, paths.events(sessionId)))
      for (const item of items) {
        const event = parseEvent(item)
        if (!event) throw new Error(`Not an event: ${JSON.stringify(item)}`)
        events.push(event)
      }
    return events
  }

  async session(sessionId: SessionId): Promise<Session> {
    return foldSession(emptySession(sessionId), await this.events(sessionId))
  }

  /** Waits until the folded session is as wanted; fails with what it is instead. */
  async until(
    sessionId: SessionId,
    what: string,
    wanted: (session: Session) => boolean,
    withinMs = 30_000,
  ): Promise<Session> {
    const limit = performance.now() + withinMs
    for (;;) {
      const session = await this.session(sessionId).catch(() => emptySession(sessionId))
      if (wanted(session)) return session
      if (performance.now() > limit)
        throw new Error(
          `Never ${what}: ${session.status}, seq ${session.seq}, ${JSON.stringify(session.items.slice(-3)).slice(-600)}\n${this.daemonLog(sessionId)}`,
        )
      await wait(50)
    }
  }

  /** The id of the one session there is, as soon as there is one. */
  async onlySession(withinMs = 20_000): Promise<SessionId> {
    const limit = performance.now() + withinMs
    for (;;) {
      const runDir = join(this.home, "run")
      const name = existsSync(runDir)
        ? readdirSync(runDir).find((file) => /^ses_.*[.]json$/.test(file))
        : undefined
      if (name) return SessionId.parse(name.replace(".json", ""))
      if (performance.now() > limit) throw new Error("No session began.")
      await wait(50)
    }
  }

  daemonIfAny(sessionId: SessionId): DaemonRun | null {
    return readRunFile(filesOf(this.home, sessionId).run, DaemonRun)
  }

  daemon(sessionId: SessionId): DaemonRun {
    const run = this.daemonIfAny(sessionId)
    if (!run) throw new Error(`No daemon holds ${sessionId}.`)
    return run
  }

  daemonLog(sessionId: SessionId): string {
    const { log } = filesOf(this.home, sessionId)
    return existsSync(log) ? readFileSync(log, "utf8") : ""
  }

  apiLog(): string {
    const log = join(this.home, "api.log")
    return existsSync(log) ? readFileSync(log, "utf8") : ""
  }

  client(ready: Ready) {
    return createTRPCClient<AppRouter>({
      links: [httpLink({ url: `${ready.api}/trpc`, headers: { authorization: `Bearer ${ready.token}` } })],
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (existsSync(this.home)) {
      const runDir = join(this.home, "run")
      const runs = existsSync(runDir)
        ? readdirSync(runDir).flatMap(
            (name) =>
              readRunFile(
                join(runDir, name),
                DaemonRun.partial({ sessionId: true, epoch: true, incarnation: true }),
              ) ?? [],
          )
        : []
      for (const run of runs) signal(run, "SIGCONT")
      await this.run(["down", "--all"], { cwd: "/" })
      const left = runs.filter(isSame)
      if (left.length > 0) throw new Error(`Processes are left: ${left.map(({ pid }) => pid).join(", ")}`)
    }
    for (const child of this.#children)
      if (child.exitCode === null && child.signalCode === null) await killHard(child)
    for (const dir of this.#dirs) await dir[Symbol.asyncDispose]()
  }
}

/** kill -9, and wait until it is gone. */
export async function killHard(child: ChildProcess): Promise<void> {
  const gone = new Promise((done) => child.once("exit", done))
  child.kill("SIGKILL")
  await gone
}

/** kill -9 of a process that is not our child, and wait until it is gone. */
export async function killPid(run: {
  readonly pid: number
  readonly startTime: string
  readonly bootId: string
}): Promise<void> {
  process.kill(run.pid, "SIGKILL")
  while (isSame(run)) await wait(10)
}

/** What the promise says of a stream: every `seq` from 0 on, each once, in order. */
export const gapless = (events: readonly SessionEvent[]): boolean =>
  events.every(({ seq }, index) => seq === index)

/** All that the agent said in the session, as the transcript shows it. */
export const saidIn = (session: Session): string =>
  session.items.flatMap((item) => (item.type === "message" ? [item.text] : [])).join("")

export const markedProcesses = (sessionId: SessionId) =>
  processesOf({ marker: ["AGENTZ_SESSION", sessionId] })

/** The memory that a living process holds now, in KiB. */
export const residentKb = (pid: number): number =>
  Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1])

/** The tRPC error of a call that must fail. */
export async function refusalOf(
  call: Promise<unknown>,
): Promise<{ code: string; reason: string; message: string }> {
  try {
    await call
  } catch (error) {
    if (!(error instanceof TRPCClientError)) throw error
    return { code: error.data?.code, reason: error.data?.reason, message: error.message }
  }
  throw new Error("The call was not refused.")
}

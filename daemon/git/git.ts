/** Runs git where a repository may be hostile (see invocation.ts): bounded in time and output, alone in its group. */
import { spawn } from "node:child_process"
import { isAbsolute } from "node:path"
import { type Call, DRIVER_KEYS, invocationOf, needsDrivers } from "./invocation.ts"

export interface Bounds {
  readonly timeoutMs?: number
  readonly maxBytes?: number
  /** Ends it at once. */
  readonly signal?: AbortSignal | undefined
  /** Variables of the user that are not in our own environment, and by which what is started is known. */
  readonly env?: Readonly<Record<string, string>> | undefined
}

/** What it reads on its standard input. */
export interface Input {
  readonly input?: string | Uint8Array | undefined
}

export type GitEnding =
  | { readonly how: "exited"; readonly code: number }
  | { readonly how: "killed"; readonly signal: string }
  | { readonly how: "timed out"; readonly afterMs: number }
  | { readonly how: "said too much"; readonly maxBytes: number }
  | { readonly how: "not started"; readonly reason: string }

/** A call of git that did not end well. What git said may quote the repository: it is not fit for a terminal as it is. */
export class GitError extends Error {
  override readonly name = "GitError"
  readonly ending: GitEnding
  /** What it printed all the same, one character per byte. */
  readonly said: string
  constructor(call: Pick<Call, "subcommand">, ending: GitEnding, stderr: string, said = "") {
    super(`git ${call.subcommand} ${sentenceOf(ending)}${stderr && `: ${stderr.trim().slice(0, 500)}`}`)
    this.ending = ending
    this.said = said
  }
}

const TIMEOUT_MS = 5_000
const MAX_BYTES = 4 * 1024 * 1024
/** A repository with more drivers than any has: they are arguments, and those have a limit. */
const MOST_DRIVERS = 500

/** What git printed. Throws {@link GitError} when it failed, hung or said too much; nothing of it is left running. */
export async function git(call: Omit<Call, "drivers">, bounds: Bounds & Input = {}): Promise<string> {
  return (await gitBytes(call, bounds)).toString("utf8")
}

/** The same where it need not be text: names of files, and what they hold. */
export async function gitBytes(call: Omit<Call, "drivers">, bounds: Bounds & Input = {}): Promise<Buffer> {
  if (!isAbsolute(call.directory)) throw new TypeError("git needs the whole path of a directory.")
  if (call.network !== undefined && call.own === undefined && call.subcommand !== "clone")
    throw new TypeError("A remote is not reached with the configuration of somebody's repository.")
  const drivers = needsDrivers(call) ? await driversIn(call.directory, bounds) : []
  return await run({ ...call, drivers }, bounds)
}

/** Whether git itself said no, rather than that it hung, was ended or is missing. */
export const saidNo = (error: unknown): error is GitError =>
  error instanceof GitError && error.ending.how === "exited"

/** The keys by which the repository's configuration names programs, whatever files that configuration includes. */
async function driversIn(directory: string, bounds: Bounds): Promise<readonly string[]> {
  const options = ["--includes", "--null", "--name-only", "--get-regexp", DRIVER_KEYS]
  const call = { directory, subcommand: "config", options } as const
  const listed = await run(call, { ...bounds, input: "" }).catch((error: unknown) => {
    // Exit code 1: there are none.
    if (error instanceof GitError && error.ending.how === "exited" && error.ending.code === 1) return ""
    throw error
  })
  const keys = [...new Set(listed.toString().split("\0").filter(Boolean))]
  if (keys.length > MOST_DRIVERS)
    throw new GitError({ subcommand: "config" }, { how: "said too much", maxBytes: MOST_DRIVERS }, "")
  return keys
}

/** How long the pipes of an ended git are waited for: a process that it left may hold them. */
const DRAIN_MS = 200

function run(
  call: Call,
  { timeoutMs = TIMEOUT_MS, maxBytes = MAX_BYTES, input = "", signal, env: more = {} }: Bounds & Input,
): Promise<Buffer> {
  const { args, env: own } = invocationOf(call, { ...process.env, ...more })
  const env = { ...own, ...marksIn(more) }
  return new Promise((resolve, reject) => {
    const child = spawn("git", args, { cwd: "/", env, detached: true, stdio: ["pipe", "pipe", "pipe"] })
    // One that ends before it has read everything says why by its code.
    child.stdin.on("error", () => undefined)
    child.stdin.end(input)
    const said: Buffer[] = []
    let bytes = 0
    let complaint = ""
    let ending: GitEnding | null = null
    const stop = (reason: GitEnding) => {
      ending ??= reason
      // Its group is surely its own as long as it was not waited for.
      if (child.pid !== undefined && child.exitCode === null && child.signalCode === null)
        process.kill(-child.pid, "SIGKILL")
    }
    const timer = setTimeout(() => stop({ how: "timed out", afterMs: timeoutMs }), timeoutMs)
    const abort = () => stop({ how: "killed", signal: "SIGKILL" })
    signal?.addEventListener("abort", abort, { once: true })
    if (signal?.aborted) abort()
    child.stdout.on("data", (chunk: Buffer) => {
      bytes += chunk.byteLength
      if (bytes > maxBytes) stop({ how: "said too much", maxBytes })
      else said.push(chunk)
    })
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      if (complaint.length < 4096) complaint += text
    })
    child.once("error", ({ message }) => {
      ending ??= { how: "not started", reason: message }
    })
    child.once("exit", (code, signal) => {
      if (signal !== null) ending ??= { how: "killed", signal }
      else if (code !== 0 && code !== null) ending ??= { how: "exited", code }
      setTimeout(() => {
        child.stdout.destroy()
        child.stderr.destroy()
      }, DRAIN_MS).unref()
    })
    child.once("close", () => {
      clearTimeout(timer)
      signal?.removeEventListener("abort", abort)
      if (ending === null) resolve(Buffer.concat(said))
      else reject(new GitError(call, ending, complaint, Buffer.concat(said).toString("latin1")))
    })
  })
}

/** By these whatever a dead daemon left running is known to be its session's. */
const marksIn = (env: Readonly<Record<string, string>>) =>
  Object.fromEntries(Object.entries(env).filter(([name]) => name.startsWith("AGENTZ_")))

function sentenceOf(ending: GitEnding): string {
  switch (ending.how) {
    case "exited":
      return `ended with code ${ending.code}`
    case "killed":
      return `was ended by ${ending.signal}`
    case "timed out":
      return `took longer than ${ending.afterMs} ms`
    case "said too much":
      return `said more than ${ending.maxBytes} bytes`
    case "not started":
      return `could not be started (${ending.reason})`
  }
}

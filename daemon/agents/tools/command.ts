/** Runs one program and leaves nothing of it behind. */
import { once } from "node:events"
import { LaunchError } from "../../process/enclosure.ts"
import { CappedText, OUTPUT_LIMIT, WHOLE_LIMIT } from "./capped-text.ts"
import { type Running, ToolError, type Workplace } from "./tool.ts"

export interface Command {
  readonly argv: readonly [string, ...string[]]
  readonly cwd: string
  readonly timeoutMs: number
  /** Characters that are kept of what it prints. */
  readonly keep?: number
}

export interface Ended {
  /** Standard output and error as they came, capped. */
  readonly output: string
  /** All of it, where `output` leaves something out. */
  readonly whole: string | null
  readonly how:
    | { readonly ending: "exited"; readonly code: number }
    | { readonly ending: "killed"; readonly signal: string }
    | { readonly ending: "timed out" }
    | { readonly ending: "cancelled" }
  /** Processes that were still alive when the program had ended, and were ended too. */
  readonly leftBehind: number
}

const GRACE_MS = 300
/** Output still in the pipe arrives at once; a child that keeps the pipe open could keep us for ever. */
const DRAIN_MS = 100

export async function runCommand(
  command: Command,
  place: Pick<Workplace, "enclosure" | "toolEnv">,
  running: Running,
): Promise<Ended> {
  const { toolCallId, signal, onOutput } = running
  signal.throwIfAborted()
  const { argv, cwd } = command
  const launched = await place.enclosure
    .launch({ name: toolCallId, argv, cwd, env: place.toolEnv })
    .catch((error: unknown) => {
      throw error instanceof LaunchError ? new ToolError(error.message, { cause: error }) : error
    })
  const { child } = launched
  const output = new CappedText(OUTPUT_LIMIT)
  const whole = new CappedText(command.keep ?? WHOLE_LIMIT)
  let length = 0
  for (const stream of [launched.stdout, launched.stderr])
    stream.setEncoding("utf8").on("data", (text: string) => {
      output.append(text)
      whole.append(text)
      length += text.length
      onOutput(text)
    })
  const closed = once(child, "close").catch(() => undefined)

  const exited = new Promise<"exited">((done) => child.once("exit", () => done("exited")))
  const stop = new Promise<"cancelled">((done) => {
    if (signal.aborted) done("cancelled")
    else signal.addEventListener("abort", () => done("cancelled"), { once: true })
  })
  let timer: NodeJS.Timeout | undefined
  const limit = new Promise<"timed out">((done) => {
    timer = setTimeout(() => done("timed out"), command.timeoutMs)
  })
  try {
    const first = await Promise.race([exited, stop, limit])
    if (first === "exited") await Promise.race([closed, delay(DRAIN_MS)])
    const { found } = await launched.end(GRACE_MS)
    await Promise.race([closed, delay(DRAIN_MS)])
    return {
      output: output.toString(),
      whole: length > OUTPUT_LIMIT ? whole.toString() : null,
      how: endingOf(first, child),
      leftBehind: first === "exited" ? found : 0,
    }
  } finally {
    clearTimeout(timer)
    launched.stdout.destroy()
    launched.stderr.destroy()
  }
}

const endingOf = (
  first: "exited" | "cancelled" | "timed out",
  { exitCode, signalCode }: { readonly exitCode: number | null; readonly signalCode: string | null },
): Ended["how"] => {
  if (first !== "exited") return { ending: first }
  return exitCode === null
    ? { ending: "killed", signal: signalCode ?? "unknown" }
    : { ending: "exited", code: exitCode }
}

const delay = (ms: number) => new Promise<void>((done) => setTimeout(done, ms).unref())

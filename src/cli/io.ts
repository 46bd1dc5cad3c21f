/** The outside of a command: where it reads, writes and hears signals. Tests bring their own. */
import type { Readable } from "node:stream"
import { type TerminalSettings, terminalSettings } from "../config.ts"
import { inert } from "./terminal.ts"

export interface Output {
  write(text: string): unknown
  readonly isTTY: boolean
  readonly columns: number
}

export type Signal = "SIGINT" | "SIGTERM" | "SIGHUP"

export interface Io {
  readonly stdin: Readable & { readonly isTTY?: boolean | undefined }
  readonly stdout: Output
  readonly stderr: Output
  readonly cwd: string
  readonly terminal: TerminalSettings
  /** Calls `listener` at each signal, instead of ending the process, until disposed. */
  onSignal(listener: (signal: Signal) => void): Disposable
}

const SIGNALS: readonly Signal[] = ["SIGINT", "SIGTERM", "SIGHUP"]

export const processIo = (): Io => ({
  stdin: process.stdin,
  stdout: outputOf(process.stdout),
  stderr: outputOf(process.stderr),
  cwd: process.cwd(),
  terminal: terminalSettings(),
  onSignal(listener) {
    for (const name of SIGNALS) process.on(name, listener)
    return {
      [Symbol.dispose]() {
        for (const name of SIGNALS) process.off(name, listener)
      },
    }
  },
})

const outputOf = (stream: NodeJS.WriteStream): Output => ({
  write: (text) => stream.write(inert(text)),
  isTTY: stream.isTTY === true,
  get columns() {
    return stream.columns ?? 80
  },
})

/** Waits for the first signal, or for `end`. Listens from now on: a signal that comes before anybody waits counts. */
export function ending(
  io: Io,
): Disposable & { end(error: Error): void; readonly ended: Promise<Error | null> } {
  let settle: (error: Error | null) => void = () => undefined
  const ended = new Promise<Error | null>((resolve) => {
    settle = resolve
  })
  const signals = io.onSignal(() => settle(null))
  return { end: (error) => settle(error), ended, [Symbol.dispose]: () => signals[Symbol.dispose]() }
}

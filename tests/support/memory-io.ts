/** A terminal, or a pipe, in memory. */
import { PassThrough } from "node:stream"
import type { Deps } from "#src/cli/deps"
import type { Io, Signal } from "#src/cli/io"
import { runCli } from "#src/cli/run-cli"
import { type Config, parseConfig } from "#src/config"
import { openHome } from "#src/home"
import { serveApi } from "#src/http/server"
import { type FakePlane, fakePlane } from "./fake-plane.ts"

export interface MemoryIo extends Io {
  readonly stdin: PassThrough & { isTTY?: boolean }
  out(): string
  err(): string
  /** Resolves when the output holds that text. */
  saw(text: string): Promise<void>
  raise(signal: Signal): void
  readonly listeners: () => number
}

export function memoryIo({
  tty = false,
  columns = 80,
  input,
}: {
  tty?: boolean
  columns?: number
  input?: string
} = {}): MemoryIo {
  let out = ""
  let err = ""
  const watchers = new Set<() => void>()
  const signals = new Set<(signal: Signal) => void>()
  const output = (add: (text: string) => void) => ({
    isTTY: tty,
    columns,
    write(text: string) {
      add(text)
      for (const watch of [...watchers]) watch()
    },
  })
  const stdin: PassThrough & { isTTY?: boolean } = Object.assign(new PassThrough(), { isTTY: tty })
  if (input !== undefined) stdin.end(input)
  return {
    stdin,
    stdout: output((text) => {
      out += text
    }),
    stderr: output((text) => {
      err += text
    }),
    cwd: "/work-dir",
    terminal: { color: false, browser: false, debug: false },
    onSignal(listener) {
      signals.add(listener)
      return { [Symbol.dispose]: () => void signals.delete(listener) }
    },
    out: () => out,
    err: () => err,
    saw: (text) =>
      new Promise((resolve) => {
        const watch = () => {
          if (!out.includes(text) && !err.includes(text)) return
          watchers.delete(watch)
          resolve()
        }
        watchers.add(watch)
        watch()
      }),
    raise(signal) {
      for (const listener of [...signals]) listener(signal)
    },
    listeners: () => signals.size,
  }
}

export interface Bench {
  readonly plane: FakePlane
  readonly opened: string[]
  readonly deps: Deps
  /** Runs a command line to its end. */
  cli(words: string[], io?: MemoryIo): Promise<{ code: number; out: string; err: string }>
}

/** A command line over a fake plane, with a home of its own. */
export function bench(
  home: string,
  environment: Record<string, string> = {},
  over: Partial<Deps> = {},
): Bench {
  const plane = fakePlane()
  const opened: string[] = []
  const config = (): Config =>
    parseConfig({ AGENTZ_HOME: home, AGENTZ_PORT: "0", AGENTZ_STREAMS_PORT: "0", ...environment })
  const deps: Deps = {
    config,
    openHome: (path) => openHome(path),
    openPlane: () => Promise.resolve(plane),
    serveApi,
    serveStreams: () => Promise.reject(new Error("no stream server here")),
    compactStreams: () => Promise.reject(new Error("no streams here")),
    shutDownRest: () => Promise.resolve({ daemons: 3, streamsPid: 77 }),
    agents: () => plane.agentTypes(),
    addAdapter: () => Promise.reject(new Error("nothing is installed here")),
    openBrowser: (url) => void opened.push(url),
    uiDir: "/nonexistent",
    now: () => Date.parse("2026-01-01T01:00:00.000Z"),
    ...over,
  }
  return {
    plane,
    opened,
    deps,
    async cli(words, io = memoryIo()) {
      const code = await runCli(words, io, deps)
      return { code, out: io.out(), err: io.err() }
    },
  }
}

import { resolve } from "node:path"
import { type Config, isLoopback } from "../../config.ts"
import { PortTakenError } from "../../http/server.ts"
import { jsonLog } from "../../log.ts"
import { portHolder, takenSentence } from "../../port-holder.ts"
import { openStreamsToken } from "../../token.ts"
import { defineCommand } from "../command.ts"
import type { Deps } from "../deps.ts"
import { ending, type Io } from "../io.ts"
import { EXIT, Refusal, report, usage } from "../refusal.ts"

export const streams = defineCommand({
  name: "streams",
  summary: "serves the stream server alone, here",
  positionals: [],
  flags: {
    port: { type: "string", value: "N", help: "where it listens (AGENTZ_STREAMS_PORT, 4201); 0 takes any" },
    data: { type: "string", value: "DIR", help: "where it keeps the streams ($AGENTZ_HOME/streams)" },
    compact: { type: "boolean", help: "give the space of deleted streams back to the disk, and end" },
    insecure: { type: "boolean", help: "ask for no token, on loopback only: for conformance suites" },
  },
  json: "when ready print one line {url, token, pid}; url ends in /v1/stream; with --compact {dataDir, before, after}",
  more: `
Deleted streams leave free space in the store, which new ones use again. --compact makes the file smaller: it writes
a copy of what is left, so the disk needs room for that, and puts it in the old one's place. No stream server may run
on the directory meanwhile: \`agentz down --all\` ends ours.`,
  async run({ values, json, io, deps }) {
    const config = deps.config()
    if (values.compact === true) {
      if (values.port !== undefined || values.insecure === true)
        throw usage("--compact serves nothing: leave --port and --insecure out.")
      return await compact(values.data, { io, deps, json })
    }
    const port = portOf(values.port) ?? config.streamsPort
    const host = values.insecure === true ? loopbackOf(config) : config.host
    const given = values.data === undefined ? null : resolve(io.cwd, values.data)
    const { dataDir, token } = await placeOf(deps, config, { given, open: values.insecure === true })

    using life = ending(io)
    await using server = await deps
      .serveStreams({
        dataDir,
        host,
        port,
        token,
        log: jsonLog(io.stderr),
        onFatal: (error) => life.end(error),
      })
      .catch(async (error: unknown) => {
        if ((error as NodeJS.ErrnoException).code !== "EADDRINUSE") throw error
        throw new PortTakenError(takenSentence(port, await portHolder(host, port), "AGENTZ_STREAMS_PORT"))
      })
    const url = streamBase(server.url)
    io.stdout.write(
      json
        ? `${JSON.stringify({ url, token, pid: process.pid })}\n`
        : `Streams are served at ${url} (pid ${process.pid})\nKept in ${dataDir}\nCtrl-C stops it; nothing that was acknowledged is lost.\n`,
    )
    const fatal = await life.ended
    return fatal === null ? EXIT.ok : report(fatal, io, json)
  },
})

async function compact(
  given: string | undefined,
  { io, deps, json }: { readonly io: Io; readonly deps: Deps; readonly json: boolean },
): Promise<number> {
  const dataDir =
    given === undefined ? (await deps.openHome(deps.config().home)).streamsDir : resolve(io.cwd, given)
  const { before, after } = await deps.compactStreams(dataDir)
  if (json) io.stdout.write(`${JSON.stringify({ dataDir, before, after })}\n`)
  else if (before === 0) io.stdout.write(`There are no streams in ${dataDir}.\n`)
  else
    io.stdout.write(
      `${megabytes(before - after)} given back: the streams in ${dataDir} take ${megabytes(after)} now.\n`,
    )
  return EXIT.ok
}

const megabytes = (bytes: number): string => `${(Math.max(0, bytes) / 1e6).toFixed(1)} MB`

/** Only what is asked for is touched: a directory and no token need no home. */
async function placeOf(
  deps: Deps,
  config: Config,
  { given, open }: { readonly given: string | null; readonly open: boolean },
): Promise<{ dataDir: string; token: string | null }> {
  if (given !== null && (open || config.streamsToken !== null))
    return { dataDir: given, token: open ? null : config.streamsToken }
  const home = await deps.openHome(config.home)
  return { dataDir: given ?? home.streamsDir, token: open ? null : await openStreamsToken(config, home) }
}

function portOf(given: string | undefined): number | undefined {
  if (given === undefined) return undefined
  const port = /^\d{1,5}$/.test(given) ? Number(given) : 65_536
  if (port > 65_535) throw usage(`--port is “${given}”: give a number from 0 to 65535.`)
  return port
}

function loopbackOf({ host }: Config): string {
  if (isLoopback(host)) return host
  throw new Refusal(
    "insecure_not_local",
    `--insecure serves whoever can reach it, and AGENTZ_HOST is ${host}: unset AGENTZ_HOST, or leave --insecure out.`,
    EXIT.usage,
  )
}

/** The base that stream names are appended to. */
const streamBase = (url: string): string => {
  const base = url.replace(/\/+$/, "")
  return base.endsWith("/v1/stream") ? base : `${base}/v1/stream`
}

import { readdirSync } from "node:fs"
import { join } from "node:path"
import { filesOf } from "#daemon/home"
import { SessionId } from "#streams/ids"
import { wait } from "#streams/transport"
import { type Home, homeAt } from "../../home.ts"
import { LogFile } from "../../logs/log-file.ts"
import { type LogLine, parseLogLine, wordsOf } from "../../logs/log-line.ts"
import { Problem } from "../../problem.ts"
import { defineCommand } from "../command.ts"
import { Refusal, usage } from "../refusal.ts"
import { oneLine, type Paint, painter } from "../terminal.ts"

const LINES = 200
const LOOK_MS = 200

export const logs = defineCommand({
  name: "logs",
  summary: "shows what agentz, or a session's daemon and agent, logged",
  positionals: ["[ID]"],
  flags: {
    follow: { type: "boolean", short: "f", help: "go on with what is added, until Ctrl-C" },
    lines: { type: "string", short: "n", value: "N", help: `how many lines of the past (${LINES})` },
  },
  json: "print each line as {source, at, …} or {source, at: null, text}",
  more: "Without ID: the API and the stream server. Needs none of them to run.",
  async run({ values, positionals: [id], json, io, deps }) {
    if (values.lines !== undefined && !/^\d{1,6}$/.test(values.lines))
      throw usage(`--lines is “${values.lines}”: give a whole number.`)
    const home = homeAt(deps.config().home)
    const sources = id === undefined ? ofServers(home) : ofSession(home, whichLogged(home, id))
    const paint = painter(io.stdout, io)
    const say = (lines: readonly Told[]) => {
      for (const told of lines)
        io.stdout.write(json ? `${JSON.stringify(asData(told))}\n` : page(told, paint))
    }

    const stop = new AbortController()
    using _ = io.onSignal(() => stop.abort())
    const count = Number(values.lines ?? LINES)
    const past = inOrder(sources.flatMap(({ source, file }) => placed(source, file.last(count))))
    say(count === 0 ? [] : past.slice(-count))
    if (past.length === 0 && values.follow !== true && !json) io.stderr.write("Nothing was logged yet.\n")
    while (values.follow === true && !stop.signal.aborted) {
      await wait(LOOK_MS, stop.signal).catch(() => undefined)
      say(inOrder(sources.flatMap(({ source, file }) => placed(source, file.more()))))
    }
    return 0
  },
})

interface Source {
  readonly source: string
  readonly file: LogFile
}

const ofServers = ({ path, apiLog }: Home): readonly Source[] => [
  { source: "api", file: new LogFile(apiLog) },
  { source: "streams", file: new LogFile(join(path, "streams.log")) },
]

function ofSession({ path }: Home, sessionId: SessionId): readonly Source[] {
  const { log, agentLog } = filesOf(path, sessionId)
  return [
    { source: "daemon", file: new LogFile(log) },
    { source: "agent", file: new LogFile(agentLog) },
  ]
}

/** The session that is meant, of those that have files here: the stream server may be what is broken. */
function whichLogged({ path }: Home, given: string): SessionId {
  const found = sessionDirs(path).filter(
    (name) => name === given || name.startsWith(given) || name.startsWith(`ses_${given}`),
  )
  const [only, ...others] = found.includes(given) ? [given] : found
  const id = SessionId.safeParse(only)
  if (!id.success)
    throw new Problem(
      "unknown_session",
      `Nothing was logged of a session “${given}”: \`agentz ls\` shows all.`,
    )
  if (others.length > 0)
    throw new Refusal(
      "ambiguous_id",
      `“${given}” may mean ${found.slice(0, 4).join(", ")}: type more letters.`,
    )
  return id.data
}

function sessionDirs(path: string): readonly string[] {
  try {
    return readdirSync(join(path, "sessions"))
  } catch {
    return [] // No session was ever started here.
  }
}

interface Told {
  readonly source: string
  /** Of the line or of one before it: it never goes back, so that the lines of one source keep their order. */
  readonly at: string
  readonly line: LogLine
}

function placed(source: string, texts: readonly string[]): Told[] {
  let at = ""
  return texts.map((text) => {
    const line = parseLogLine(text)
    if (line.at !== null && line.at > at) at = line.at
    return { source, at, line }
  })
}

const inOrder = (told: readonly Told[]): Told[] =>
  told.toSorted((one, other) => (one.at < other.at ? -1 : one.at > other.at ? 1 : 0))

const asData = ({ source, line }: Told) =>
  line.fields === null ? { source, at: null, text: line.text } : { ...line.fields, source, at: line.at }

function page({ source, line }: Told, paint: Paint): string {
  const when = (line.at ?? "").slice(11, 19).padEnd(8)
  return `${paint("dim", oneLine(when).padEnd(8))} ${paint("cyan", source.padEnd(7))} ${oneLine(wordsOf(line))}\n`
}

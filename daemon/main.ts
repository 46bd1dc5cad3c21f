/**
 * One detached process per session and epoch. It is told what to do by a spec file, proves that it lives by a run
 * file and a control socket, says everything to the session's stream, and is stopped by nothing but its own end:
 * not by the end of the API, of the stream server or of a terminal.
 *
 * Exit codes: 0 finished, 1 crash, 64 usage, 69 store away at the end (the spool is kept), 75 another daemon holds
 * this epoch, 76 fenced by a newer one, 77 the store refused the sequence.
 */
import { readFileSync, rmSync } from "node:fs"
import { StreamError } from "#streams/transport"
import { holdControlSocket } from "./control-socket.ts"
import { hold, type Leaving } from "./hold.ts"
import { filesOf, socketIn } from "./home.ts"
import { log, logAs, logCrash } from "./log.ts"
import { keepCapped } from "./log-cap.ts"
import { secretsOfServers } from "./mcp-server.ts"
import { newNotesToken } from "./notes/server.ts"
import { openEnclosure } from "./process/enclosure.ts"
import { whyHomeIsSeen } from "./process/hidden-home.ts"
import { identityOf } from "./process/identity.ts"
import { redactor as redactorOf, secretsIn } from "./redact.ts"
import { removeRunFile, writeRunFile } from "./run-file.ts"
import { KILL_GRACE_MS } from "./session-agent.ts"
import { DaemonSpec } from "./spec.ts"
import { storageOf } from "./storage.ts"
import { daemonTelemetry } from "./telemetry/daemon-telemetry.ts"
import { exporterFor } from "./telemetry/exporter-for.ts"
import { version } from "./version.ts"

const EXIT: Partial<Record<string, number>> = { stale_epoch: 76, sequence_refused: 77 }

async function main(specPath: string | undefined): Promise<number> {
  if (specPath === undefined) {
    log("usage", "A daemon is started by agentz, with the path of its spec file.")
    return 64
  }
  process.umask(0o077)
  // Libraries may write there as well, and a full disk must not end us by that.
  process.stderr.on("error", () => undefined)
  const spec = DaemonSpec.parse(JSON.parse(readFileSync(specPath, "utf8")))
  rmSync(specPath)
  const { sessionId, epoch, incarnation, home } = spec
  const notesToken = newNotesToken()
  const redactor = redactorOf({
    ...secretsIn(spec.agentEnv),
    ...secretsOfServers(spec.mcpServers),
    ...secretsIn(spec.gitEnv ?? {}),
    AGENTZ_NOTES_TOKEN: notesToken,
    ...(spec.streams.token !== null && { AGENTZ_STREAMS_TOKEN: spec.streams.token }),
  })
  logAs({ epoch, redactor })
  const files = filesOf(home, sessionId)
  keepCapped(files.log)
  const identity = identityOf(process.pid)
  if (!identity) throw new Error("The system does not tell when this process started.")

  const shutdown = new AbortController()
  for (const name of ["SIGTERM", "SIGINT", "SIGHUP"] as const) process.on(name, () => shutdown.abort())

  using storage = storageOf(spec, log)
  const telemetry = daemonTelemetry(sessionId)
  const exporting = exporterFor(spec.otel, {
    version,
    // The API tells the numbers of all daemons.
    signals: ["traces"],
    points: () => [],
    onTrouble: (trouble) => log("telemetry", trouble ?? "The collector takes again."),
  }).then((exporter) => {
    telemetry.exporter = exporter
    return exporter
  })
  const socket = socketIn(home, spec)
  await using _socket = await holdControlSocket(socket, () => ({
    sessionId,
    epoch,
    pid: process.pid,
    storage: storage.answer(),
    measured: telemetry.points(),
  }))
  writeRunFile(files.run, { ...identity, sessionId, epoch, incarnation, socket })
  const enclosure = openEnclosure({
    home,
    sessionId,
    epoch,
    limits: spec.limits ?? {},
    wanted: spec.isolation,
    hidesHome: spec.showsHome !== true && whyHomeIsSeen(home) === null,
  })
  try {
    const held = { shutdown, enclosure, telemetry, storage, redactor, notesToken, toolEnv: toolEnv() }
    return exitOf(await hold(spec, held))
  } finally {
    await enclosure.end(KILL_GRACE_MS)
    removeRunFile(files.run, process.pid)
    await (await exporting)?.[Symbol.asyncDispose]()
  }
}

function exitOf(leaving: Leaving): number {
  if (leaving instanceof StreamError) {
    log("fenced", leaving.message)
    return EXIT[leaving.code] ?? 1
  }
  if (leaving === "kept") log("spool_kept", "The stream server is away; the next daemon sends what it lacks.")
  return leaving === "kept" ? 69 : 0
}

/** Tools get what every program needs and no key. */
const toolEnv = (): Record<string, string> => {
  const {
    PATH = "",
    HOME = "",
    LANG = "C.UTF-8",
    USER = "",
    SHELL = "/bin/sh",
    TMPDIR = "/tmp",
  } = process.env
  return { PATH, HOME, LANG, USER, SHELL, TMPDIR, TERM: "dumb" }
}

main(process.argv[2]).then(
  (code) => process.exit(code),
  (error: unknown) => {
    logCrash(error)
    process.exit(
      error instanceof StreamError
        ? (EXIT[error.code] ?? 1)
        : error instanceof Error && "code" in error && error.code === "EADDRINUSE"
          ? 75
          : 1,
    )
  },
)

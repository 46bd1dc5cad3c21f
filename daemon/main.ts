/**
 * One detached process per session and epoch. It is told what to do by a spec file, proves that it lives by a run
 * file and a control socket, says everything to the session's stream, and is stopped by nothing but its own end:
 * not by the end of the API, of the stream server or of a terminal.
 *
 * Exit codes: 0 finished, 1 crash, 64 usage, 69 store away at the end (the spool is kept), 75 another daemon holds
 * this epoch, 76 fenced by a newer one, 77 the store refused the sequence.
 */
import { readFileSync, rmSync, writeSync } from "node:fs"
import { activityWriter } from "#streams/activity-writer"
import { errorText } from "#streams/error-text"
import { follow } from "#streams/follow"
import { paths } from "#streams/paths"
import { openPublisher, type Publisher } from "#streams/publisher"
import type { Session } from "#streams/session"
import { limitsAfter } from "#streams/session-limits"
import { tailOf } from "#streams/stream"
import { addressOf, authorization, StreamError } from "#streams/transport"
import { dialectOf } from "./acp/dialects.ts"
import { agentHolder } from "./agent-holder.ts"
import type { AgentSession } from "./agent-session.ts"
import { adapterOf } from "./agents/index.ts"
import { type Approvals, approvals as openApprovals } from "./approvals.ts"
import { attachedFiles } from "./attached-files.ts"
import { checkpointsOf } from "./checkpoints.ts"
import { holdControlSocket } from "./control-socket.ts"
import { diskGrowth } from "./disk-growth.ts"
import { endpointOf } from "./endpoint.ts"
import { repositoryOf } from "./git/repository.ts"
import { filesOf, socketIn } from "./home.ts"
import { limitsOf } from "./limits.ts"
import { keepCapped } from "./log-cap.ts"
import { secretsOfServers } from "./mcp-server.ts"
import { offerNotes } from "./notes/offer.ts"
import { newNotesToken, noteToolsFor } from "./notes/server.ts"
import { followRules } from "./permissions/followed-rules.ts"
import { markerOf } from "./process/belongings.ts"
import { type Enclosure, openEnclosure } from "./process/enclosure.ts"
import { whyHomeIsSeen } from "./process/hidden-home.ts"
import { identityOf } from "./process/identity.ts"
import { machineName } from "./process/machine.ts"
import { pushingOf } from "./pushing.ts"
import { nothingToRedact, redactor as redactorOf, secretsIn } from "./redact.ts"
import { removeRunFile, writeRunFile } from "./run-file.ts"
import { type Ending, runSession } from "./session.ts"
import { openSpoolAnyhow } from "./set-aside.ts"
import { setUpOf } from "./set-up.ts"
import { DaemonSpec } from "./spec.ts"
import { bypassNotice, missingServerNotice, remadeNotices } from "./start-notices.ts"
import { type Storage, storageOf } from "./storage.ts"
import { tearDownOf } from "./tear-down.ts"
import { type DaemonTelemetry, daemonTelemetry } from "./telemetry/daemon-telemetry.ts"
import { exporterFor } from "./telemetry/exporter-for.ts"
import { version } from "./version.ts"

/** What is ended may end by itself for so long. */
const KILL_GRACE_MS = 2_000
/** How long the end of a daemon may wait for the store. What is not sent stays in the spool. */
const LAST_WORDS_MS = 8_000

/** Ours, once the spec was read: it tells the lines of one daemon from those of the next in the same log. */
let epoch = 0
/** Opens the notes of this session to its agent. */
const notesToken = newNotesToken()
/** Knows the secrets that were handed to us, once the spec was read. */
let redactor = nothingToRedact

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
  const { sessionId, incarnation, home } = spec
  epoch = spec.epoch
  redactor = redactorOf({
    ...secretsIn(spec.agentEnv),
    ...secretsOfServers(spec.mcpServers),
    ...secretsIn(spec.gitEnv ?? {}),
    AGENTZ_NOTES_TOKEN: notesToken,
    ...(spec.streams.token !== null && { AGENTZ_STREAMS_TOKEN: spec.streams.token }),
  })
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
    return await hold(spec, { shutdown, enclosure, telemetry, storage })
  } finally {
    await enclosure.end(KILL_GRACE_MS)
    removeRunFile(files.run, process.pid)
    await (await exporting)?.[Symbol.asyncDispose]()
  }
}

interface Held {
  readonly shutdown: AbortController
  readonly enclosure: Enclosure
  readonly telemetry: DaemonTelemetry
  readonly storage: Storage
}

async function hold(spec: DaemonSpec, { shutdown, enclosure, telemetry, storage }: Held): Promise<number> {
  const { sessionId, incarnation, home, agentType, workingDir, model, permissionMode } = spec
  const files = filesOf(home, sessionId)
  const { spool, notices } = openSpoolAnyhow(files.spool)
  const endpoint = endpointOf(home, spec.streams)
  const gone = new AbortController()
  const activity = activityWriter(endpoint, {
    sessionId,
    epoch,
    signal: gone.signal,
    acknowledged: (seq) => publisher.acknowledged(seq),
  })
  const repository = await repositoryOf(workingDir)
  let refused: StreamError | null = null
  let place = ""
  let limits = spec.limits ?? {}
  const disk = diskGrowth({
    dirs: [workingDir, files.dir],
    baseline: files.disk,
    limitMb: () => limits.diskMb,
  })

  using publisher = await openPublisher({
    endpoint,
    sessionId,
    epoch,
    spool,
    fetch: telemetry.fetch,
    first: (before) => [
      {
        type: "session_started",
        agentType,
        workingDir,
        ...(model !== undefined && { model }),
        permissionMode,
        ...identityOfSelf(),
        host: machineName(),
        incarnation,
        version,
        isolation: enclosure.isolation,
        ...(spec.limits && { limits }),
        ...(repository && { git: repository }),
      },
      ...notices,
      ...(permissionMode === "bypass" && before.permissionMode !== "bypass" ? [bypassNotice] : []),
      ...(spec.missingMcpServers ?? []).map(missingServerNotice),
      ...remadeNotices(spec.remade, before),
    ],
    onFatal: (error) => {
      refused = error
      shutdown.abort(error)
    },
    onBehind: (behind, reason) => storage.behind(behind, reason),
  })
  storage.backlog = () => publisher.backlog
  telemetry.backlog = () => publisher.backlog
  const publish: Publisher["publish"] = (event) => {
    const published = publisher.publish(redactor.value(event))
    activity.changed(publisher.session, place)
    telemetry.saw(published)
    if (published.type === "checkpoint" || published.type === "turn_ended") pushing.nudge()
    return published
  }
  const pushing = pushingOf({
    ...{ home, sessionId, workingDir, publish, target: spec.push, session: () => publisher.session },
    env: { ...spec.gitEnv, ...markerOf({ home, sessionId, epoch }) },
  })
  crashesInto(publisher, publish)
  /** Of the agent's options, by id: as the session was launched, and as it was set since. */
  const chosen = new Map(Object.entries(spec.config ?? {}))
  const mode = () => publisher.session.permissionMode ?? permissionMode
  const rules = followRules(endpoint, {
    signal: gone.signal,
    onChange: () => approvals.reconsider(),
    onRefused: (reason) => log("rules_refused", `${reason} Every call is asked about.`),
  })
  const approvals: Approvals = openApprovals({
    session: () => publisher.session,
    publish,
    agentType,
    workingDir,
    mode,
    rules,
    noteTools: noteToolsFor(spec),
  })

  const commands = {
    ...{ workingDir, publish, place: { enclosure, toolEnv: toolEnv() } },
    session: () => publisher.session,
  }
  const checkpoints = checkpointsOf({
    ...{ home, sessionId, workingDir, publish },
    session: () => publisher.session,
    takeDown: tearDownOf({ ...commands, tearDown: spec.tearDown, signal: shutdown.signal }),
  })
  await using notes = offerNotes({
    ...{ publish, checkpoints, token: notesToken, offered: spec.notes !== false },
    session: () => publisher.session,
    flushed: () => publisher.flushed(),
  })
  const attached = attachedFiles(endpoint, { signal: shutdown.signal })
  const openAgent = async (signal: AbortSignal) => {
    // Loaded only now: the daemon says that it lives before it reads the protocol's large schema.
    const { openAgentSession } = await import("#daemon/agent-session")
    await disk.ready()
    const options = {
      sessionId,
      workingDir,
      model,
      offLimits: [home],
      env: spec.agentEnv,
      toolEnv: toolEnv(),
      enclosure,
      mcpServers: spec.mcpServers ?? [],
      notes: notes.tools,
      ownServer: notes.server,
      home,
      ready: () => publisher.ready(),
      transcript: () => attached.inTranscript(publisher.session.items),
    }
    return await openAgentSession(adapterOf(agentType, home), options, {
      resumeAgentSession: publisher.session.agentSessionId,
      publish,
      mode,
      chosen,
      read: attached.read,
      signal,
    })
  }
  const agent = agentHolder({
    open: openAgent,
    killTools: () => enclosure.endTurn(KILL_GRACE_MS),
  })
  /** Tells an agent that is open already; one that is opened later is told then. What it refuses is shown. */
  const whileOpen = (tell: (session: AgentSession) => Promise<void>) => {
    agent.held?.then(tell).catch((error: unknown) => {
      const title = errorText(error)
      publish({ type: "notice", severity: "warning", category: "agent_option", title })
    })
  }

  let ending: Ending
  try {
    ending = await runSession({
      publisher,
      publish,
      keepBlob: publisher.keep,
      session: () => publisher.session,
      dialect: dialectOf(agentType),
      redactor,
      onLimit: spec.onLimit,
      approvals,
      checkpoints,
      notes,
      makeReady: setUpOf({ ...commands, setUp: spec.setUp }),
      pushing,
      watch: limitsOf({ sessionId, limits: () => limits, enclosure, disk }),
      setLimits: (asked) => {
        limits = limitsAfter(limits, asked)
        enclosure.limit(limits)
        publish({ type: "limits_changed", limits })
      },
      agent: async () => {
        await attached.load(publisher.session.items)
        return await agent.get()
      },
      dropAgent: agent.drop,
      setMode: (next) => {
        publish({ type: "mode_changed", mode: next })
        if (next === "bypass") publish(bypassNotice)
        approvals.reconsider()
        whileOpen((session) => session.setMode(next))
      },
      setOption: (optionId, value) => {
        chosen.set(optionId, value)
        whileOpen((session) => session.setOption(optionId, value))
      },
      killTools: agent.endTools,
      epoch,
      resume: spec.resume,
      idleMs: spec.idleSeconds * 1000,
      shutdown,
      inbox: follow({
        url: () => addressOf(endpoint(), paths.inbox(sessionId)),
        headers: () => authorization(endpoint()),
        signal: shutdown.signal,
      }),
      inboxTail: () => tailOf(endpoint, paths.inbox(sessionId), { signal: shutdown.signal }),
      onPlace: (offset) => {
        place = offset
        activity.changed(publisher.session, place)
      },
    })
  } catch (error) {
    if (!(error instanceof StreamError)) throw error
    refused ??= error
    ending = "fenced"
  }
  await Promise.race([Promise.all([agent.drop(), pushing.stop()]), elapsed(LAST_WORDS_MS)])
  if (refused !== null || ending === "fenced") {
    const { code, message } =
      refused ?? new StreamError("stale_epoch", "A newer daemon was granted the session.")
    log("fenced", message)
    return EXIT[code] ?? 1
  }
  const said = Promise.all([publisher.flushed(), activity.flushed()]).then(() => true)
  const inTime = await Promise.race([said, elapsed(LAST_WORDS_MS)])
  gone.abort()
  if (inTime !== true) log("spool_kept", "The stream server is away; the next daemon sends what it lacks.")
  return inTime === true ? 0 : 69
}

const identityOfSelf = (): Pick<NonNullable<ReturnType<typeof identityOf>>, "pid" | "startTime" | "bootId"> =>
  identityOf(process.pid) ?? { pid: process.pid, startTime: "", bootId: "" }

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

/** A crash says so in the stream if it can within two seconds, and in the log always. */
function crashesInto(publisher: Publisher, publish: Publisher["publish"]): void {
  const crash = (error: unknown) => {
    log("crash", error instanceof Error ? (error.stack ?? error.message) : String(error))
    const message = errorText(error)
    const session: Session = publisher.session
    publish({
      type: session.turnId ? "session_interrupted" : "session_failed",
      error: {
        code: "daemon_crashed",
        message: `The daemon crashed: ${message}`,
        hint: "Resume the session to go on.",
      },
    })
    void Promise.race([publisher.flushed().catch(() => undefined), elapsed(2_000)]).then(() =>
      process.exit(1),
    )
  }
  process.on("uncaughtException", crash)
  process.on("unhandledRejection", crash)
}

const elapsed = (ms: number) => new Promise<null>((resolve) => setTimeout(() => resolve(null), ms).unref())

/** One JSON line to the log file, at once: this process may be about to end. */
function log(event: string, message: string): void {
  const line = {
    at: new Date().toISOString(),
    pid: process.pid,
    epoch,
    event,
    message: redactor.text(message),
  }
  try {
    writeSync(2, `${JSON.stringify(line)}\n`)
  } catch {
    // The disk is full: a log that cannot be written is no reason to end the agent.
  }
}

main(process.argv[2]).then(
  (code) => process.exit(code),
  (error: unknown) => {
    log("crash", error instanceof Error ? (error.stack ?? error.message) : String(error))
    process.exit(
      error instanceof StreamError
        ? (EXIT[error.code] ?? 1)
        : error instanceof Error && "code" in error && error.code === "EADDRINUSE"
          ? 75
          : 1,
    )
  },
)

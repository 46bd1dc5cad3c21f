import { setTimeout as pause } from "node:timers/promises"
import { isSame, signal } from "#daemon/process/identity"
import { type ApiRun, readApiRun } from "../../run-file.ts"
import { defineCommand } from "../command.ts"
import { Refusal } from "../refusal.ts"

export const down = defineCommand({
  name: "down",
  summary: "stops the API; with --all also the daemons and the stream server",
  positionals: [],
  flags: { all: { type: "boolean", help: "also end every running turn, its daemon and the stream server" } },
  json: "print {apiPid, daemons?, streamsPid?} as JSON",
  async run({ values, json, io, deps }) {
    const config = deps.config()
    const home = await deps.openHome(config.home)
    const api = await readApiRun(home.apiRunFile)
    if (api !== null) await stopApi(api, values.all === true)
    const rest = values.all === true ? await deps.shutDownRest(config, home) : null

    if (json) io.stdout.write(`${JSON.stringify({ apiPid: api?.pid ?? null, ...rest })}\n`)
    else {
      io.stdout.write(api === null ? "agentz is not running.\n" : `agentz is stopped (pid ${api.pid}).\n`)
      if (rest === null && api !== null)
        io.stdout.write("Sessions go on; `agentz down --all` ends them, too.\n")
      if (rest === null) return 0
      const server =
        rest.streamsPid === null ? "No stream server of ours ran." : "The stream server is stopped."
      io.stdout.write(`${rest.daemons} ${rest.daemons === 1 ? "daemon" : "daemons"} stopped. ${server}\n`)
    }
    return 0
  },
})

const PATIENCE_MS = 10_000
const STEP_MS = 50

/** `force`: all else is to end as well, and must not stay because of this one. Nothing is lost by it. */
async function stopApi(run: ApiRun, force: boolean): Promise<void> {
  signal(run, "SIGTERM")
  // One that is stopped hears nothing.
  signal(run, "SIGCONT")
  for (let waited = 0; waited < PATIENCE_MS; waited += STEP_MS) {
    if (!isSame(run)) return
    await pause(STEP_MS)
  }
  if (force) {
    signal(run, "SIGKILL")
    while (isSame(run)) await pause(STEP_MS)
    return
  }
  throw new Refusal(
    "still_running",
    `agentz (pid ${run.pid}) did not stop within ${PATIENCE_MS / 1000} seconds: \`kill -9 ${run.pid}\` ends it; nothing is lost by that.`,
  )
}

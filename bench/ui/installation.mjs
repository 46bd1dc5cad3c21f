// A real installation in a temporary home, with sessions that were written straight into its streams.
import { spawn, spawnSync } from "node:child_process"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { newSessionId } from "../../dist/streams/ids.js"
import { activityOf, activityRowChange, sessionRowChange } from "../../dist/streams/registry.js"
import { emptySession } from "../../dist/streams/session.js"
import { tailOf } from "../../dist/streams/stream.js"

const PROGRAM = fileURLToPath(new URL("../../dist/programs/agentz.js", import.meta.url))
const BATCH = 500

/** @param {string} dir */
export async function startInstallation(dir) {
  let port = "0"
  const env = () => ({
    PATH: process.env.PATH ?? "",
    HOME: dir,
    AGENTZ_HOME: join(dir, "home"),
    AGENTZ_PORT: port,
    AGENTZ_STREAMS_PORT: "0",
  })
  let api = await launch(env())
  port = new URL(api.ready.api).port
  const { url, token } = JSON.parse(readFileSync(join(dir, "home", "run", "streams.json"), "utf8"))
  const kill = async () => {
    api.child.kill("SIGKILL")
    await api.gone
  }
  return {
    get api() {
      return api.ready.api
    },
    get pid() {
      return api.ready.pid
    },
    get token() {
      return api.ready.token
    },
    streams: { url, token },
    folds: join(dir, "home", "folds"),
    kill,
    start: async () => {
      api = await launch(env())
    },
    async signIn(context) {
      const headers = { authorization: `Bearer ${api.ready.token}` }
      const { code } = await (await fetch(`${api.ready.api}/api/code`, { method: "POST", headers })).json()
      const page = await context.newPage()
      await page.goto(`${api.ready.api}/?code=${code}`)
      await page.close()
    },
    async end() {
      await kill()
      spawnSync(process.execPath, [PROGRAM, "down", "--all"], { env: env(), cwd: "/", stdio: "ignore" })
    },
  }
}

async function launch(env) {
  const child = spawn(process.execPath, [PROGRAM, "up", "--json"], {
    env,
    stdio: ["ignore", "pipe", "ignore"],
  })
  const gone = new Promise((resolve) => child.once("exit", resolve))
  let said = ""
  const ready = await new Promise((resolve, reject) => {
    child.stdout.on("data", (text) => {
      said += text
      if (said.includes("\n")) resolve(JSON.parse(said))
    })
    child.once("exit", (code) => reject(new Error(`agentz up ended with ${code}`)))
  })
  return { child, gone, ready }
}

async function send({ url, token }, name, method, body) {
  const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" }
  const response = await fetch(`${url}/${name}`, {
    method,
    headers,
    ...(body && { body: JSON.stringify(body) }),
  })
  if (!response.ok)
    throw new Error(`${method} ${name} was answered ${response.status}: ${await response.text()}`)
}

export const append = (streams, name, events) => send(streams, name, "POST", events)

/** A session that no daemon of this machine has: it stays as it was written. Returns its id. */
export async function writeSession(streams, title, events) {
  const sessionId = newSessionId()
  const createdAt = new Date().toISOString()
  await send(streams, `${sessionId}/events`, "PUT")
  await send(streams, `${sessionId}/inbox`, "PUT")
  let batch = []
  let seq = -1
  for (const event of events) {
    seq = event.seq
    batch.push(event)
    if (batch.length < BATCH) continue
    await append(streams, `${sessionId}/events`, batch)
    batch = []
  }
  if (batch.length > 0) await append(streams, `${sessionId}/events`, batch)
  const row = { sessionId, agentType: "demo", workingDir: "/", title, permissionMode: "ask", createdAt }
  const state = { ...emptySession(sessionId), status: "completed", seq, epoch: 1, updatedAt: createdAt }
  const inbox = await tailOf(() => streams, `${sessionId}/inbox`)
  await append(streams, "__registry__", [sessionRowChange(row), activityRowChange(activityOf(state, inbox))])
  return sessionId
}

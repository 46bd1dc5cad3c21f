// Restate, its server and SDK from npm: https://restate.dev
import { spawn } from "node:child_process"
import { existsSync, readdirSync } from "node:fs"
import { join } from "node:path"
import { Connection } from "../connection.mjs"
import { wait } from "../figures.mjs"
import { endHard } from "../installation.mjs"
import { freePort, installed, startProgram } from "./peer.mjs"

const SERVER = "@restatedev/restate-server@1.7.12"
const SDK = "@restatedev/restate-sdk@1.17.2"

/** @returns {Promise<import("./peer.mjs").Peer>} */
export async function restate(dir) {
  const where = installed("restate", [SERVER, SDK])
  const [ingress, admin, node, service] = await Promise.all([freePort(), freePort(), freePort(), freePort()])
  const startServer = async () => {
    const server = spawn(binaryIn(where), ["--base-dir", join(dir, "data"), "--node-name", "bench"], {
      cwd: dir,
      stdio: "ignore",
      env: {
        PATH: process.env.PATH,
        HOME: dir,
        RESTATE_BIND_ADDRESS: `127.0.0.1:${node}`,
        RESTATE_ADVERTISED_ADDRESS: `http://127.0.0.1:${node}`,
        RESTATE_INGRESS__BIND_ADDRESS: `127.0.0.1:${ingress}`,
        RESTATE_ADMIN__BIND_ADDRESS: `127.0.0.1:${admin}`,
        RESTATE_LOG_FILTER: "error",
        RESTATE_DISABLE_TELEMETRY: "true",
        DO_NOT_TRACK: "1",
      },
    })
    return server
  }
  const startService = () => startProgram("restate-service.mjs", [where, String(service), dir])
  let server = await startServer()
  let worker = await startService()
  await until(`http://127.0.0.1:${admin}/health`)
  const registered = await fetch(`http://127.0.0.1:${admin}/deployments`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ uri: `http://127.0.0.1:${service}` }),
  })
  if (!registered.ok) throw new Error(`Restate answered ${registered.status}: ${await registered.text()}`)
  await until(`http://127.0.0.1:${ingress}/restate/health`)

  let count = 0
  const call = (handler, input) => {
    const body = JSON.stringify(input)
    return `POST /bench-${handler}/w${count++}/${handler === "held" ? "run/send" : "run"} HTTP/1.1\r\nHost: 127.0.0.1:${ingress}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`
  }
  const alone = new Connection(ingress)
  const send = async (connection, request) => {
    const { status } = await connection.send(request)
    if (status >= 300) throw new Error(`Restate answered ${status}`)
  }
  return {
    title: "Restate",
    run: (steps) => send(alone, call("steps", { steps })),
    async many(runs, steps) {
      const connections = Array.from({ length: runs }, () => new Connection(ingress))
      await wait(50)
      const started = performance.now()
      const latencies = await Promise.all(
        connections.map(async (connection) => {
          const sent = performance.now()
          await send(connection, call("steps", { steps }))
          return performance.now() - sent
        }),
      )
      const ms = performance.now() - started
      for (const connection of connections) connection.close()
      return { ms, latencies }
    },
    async hold(runs) {
      for (let run = 0; run < runs; run++) await send(alone, call("held", {}))
    },
    async restart(everything) {
      const ends = everything ? [endHard(worker), endHard(server)] : [endHard(worker)]
      await Promise.all(ends)
      if (everything) server = await startServer()
      worker = await startService()
    },
    pids: () => [server.pid, worker.pid],
    async end() {
      alone.close()
      await endHard(worker)
      await endHard(server)
    },
  }
}

/** The program itself, without the script around it. */
function binaryIn(where) {
  const scope = join(where, "node_modules", "@restatedev")
  const name = readdirSync(scope).find((each) => each.startsWith("restate-server-"))
  const binary = join(scope, name ?? "", "bin", "restate-server")
  if (name === undefined || !existsSync(binary)) throw new Error("Restate has no program for this machine.")
  return binary
}

async function until(url) {
  for (let turn = 0; turn < 300; turn++) {
    const answer = await fetch(url).catch(() => null)
    await answer?.body?.cancel()
    if (answer?.ok) return
    await wait(100)
  }
  throw new Error(`${url} does not answer.`)
}

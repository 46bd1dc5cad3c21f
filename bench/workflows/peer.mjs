// What is asked of each peer, the same as of agentz. A peer is installed into a cache, and is no dependency of anything.
import { spawn, spawnSync } from "node:child_process"
import { existsSync, mkdirSync, writeFileSync } from "node:fs"
import { createRequire } from "node:module"
import { createServer } from "node:net"
import { join, resolve } from "node:path"
import { fileURLToPath, pathToFileURL } from "node:url"
import { median, quantile, wait } from "../figures.mjs"
import { memoryOf } from "../servers.mjs"
import { begunIn, journalOf, untilBegun } from "./runs.mjs"
import { IN_FLIGHT, MANY, ROUNDS, SEQUENTIAL, STEPS } from "./sizes.mjs"

const cache = resolve(process.env.AGENTZ_BENCH_PEERS || "node_modules/.cache/bench-peers")

/** Installs packages of npm, once. Gives where they are; throws when they cannot be had. */
export function installed(name, packages) {
  const dir = join(cache, name)
  const marker = join(dir, packages.join("+").replaceAll("/", "_"))
  if (existsSync(marker)) return dir
  mkdirSync(dir, { recursive: true })
  writeFileSync(join(dir, "package.json"), '{ "private": true }\n')
  const options = ["--prefix", dir, "--no-audit", "--no-fund", "--save-exact", "--ignore-scripts"]
  const { status } = spawnSync("npm", ["install", ...options, ...packages], { stdio: ["ignore", 2, 2] })
  if (status !== 0) throw new Error(`npm could not install ${packages.join(", ")}`)
  writeFileSync(marker, "")
  return dir
}

/** Imports a package that is installed there. */
export const importFrom = (dir, name) =>
  import(pathToFileURL(createRequire(join(dir, "package.json")).resolve(name)).href)

/** A program of the peer's that says a line when it is ready. */
export async function startProgram(file, args, env = {}) {
  const child = spawn(process.execPath, [fileURLToPath(new URL(file, import.meta.url)), ...args], {
    stdio: ["pipe", "pipe", "pipe"],
    env: { PATH: process.env.PATH, HOME: process.env.HOME, ...env },
  })
  let log = ""
  child.stderr.on("data", (text) => {
    log = (log + text).slice(-4_000)
  })
  await new Promise((ready, fail) => {
    child.stdout.on("data", (text) => String(text).includes("READY") && ready(undefined))
    child.once("exit", (code) => fail(new Error(`${file} ended with ${code}: ${log}`)))
  })
  return child
}

/** A port of this machine that is free now. */
export const freePort = () =>
  new Promise((resolve, reject) => {
    const server = createServer()
    server.once("error", reject)
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address()
      server.close(() => resolve(port))
    })
  })

/** A child that answers lines of JSON with lines of JSON, told apart by their `id`. */
export function asking(child) {
  const open = new Map()
  let rest = ""
  let next = 0
  child.stdout.on("data", (text) => {
    const lines = (rest + text).split("\n")
    rest = lines.pop() ?? ""
    for (const line of lines) {
      if (!line.startsWith("{")) continue
      const { id, ...answer } = JSON.parse(line)
      open.get(id)?.(answer)
      open.delete(id)
    }
  })
  return (what) =>
    new Promise((answered) => {
      const id = next++
      open.set(id, answered)
      child.stdin.write(`${JSON.stringify({ id, ...what })}\n`)
    })
}

/**
 * @typedef {object} Peer
 * @property {string} title
 * @property {(steps: number) => Promise<void>} run a workflow of so many no-op steps, to its end
 * @property {(count: number, steps: number) => Promise<{ ms: number, latencies: number[] }>} many at once
 * @property {(count: number) => Promise<void>} hold starts workflows whose second step stays in the middle of its work
 * @property {(everything: boolean) => Promise<void>} restart kills the workers, or also the server, and starts them again
 * @property {() => number[]} pids of workers and server
 * @property {() => Promise<void>} end
 */

/** All of a peer's figures, or why there are none. */
const MOST_MS = 120_000

/** @param {Peer} peer */
export async function measurePeer(peer, dir, say) {
  let timer
  const late = new Promise((_, fail) => {
    timer = setTimeout(() => fail(new Error(`it was not done after ${MOST_MS / 1000} s`)), MOST_MS)
  })
  try {
    return await Promise.race([figuresOf(peer, dir, say), late])
  } finally {
    clearTimeout(timer)
    await peer.end()
  }
}

async function figuresOf(peer, dir, say) {
  const { title } = peer
  say(`${title}: steps one after the other`)
  const sequential = []
  for (let round = 0; round <= ROUNDS; round++) {
    const started = performance.now()
    await peer.run(SEQUENTIAL)
    sequential.push((performance.now() - started) / SEQUENTIAL)
  }
  const alone = []
  for (let turn = 0; turn < 20; turn++) {
    const started = performance.now()
    await peer.run(1)
    alone.push(performance.now() - started)
  }
  const rounds = []
  for (let round = 0; round <= ROUNDS; round++) {
    say(`${title}: ${MANY} workflows of ${STEPS} steps, round ${round}`)
    rounds.push(await peer.many(MANY, STEPS))
  }
  const pss = peer.pids().reduce((sum, pid) => sum + memoryOf(pid).pss, 0)

  say(`${title}: ${IN_FLIGHT} steps begin`)
  await peer.hold(IN_FLIGHT)
  await untilBegun(dir, IN_FLIGHT)
  await wait(1_000)
  say(`${title}: the workers are killed`)
  const recoveryMs = await recovered(peer, dir, false)
  const rerunInFlight = begunIn(dir).length - IN_FLIGHT
  say(`${title}: everything is killed`)
  const recoveryAllMs = await recovered(peer, dir, true)
  const [, ...measured] = rounds
  return {
    sequentialMs: median(sequential.slice(1)),
    aloneMs: median(alone.slice(5)),
    stepsPerSecond: median(measured.map(({ ms }) => (MANY * STEPS * 1000) / ms)),
    workflowP95: median(measured.map(({ latencies }) => quantile(latencies, 0.95))),
    pss,
    recoveryMs,
    recoveryAllMs,
    bodiesAgainMs: recoveryAllMs,
    rerunInFlight,
    rerunDone: journalOf(dir).filter((line) => line.startsWith("done")).length - IN_FLIGHT,
  }
}

/** From the kill until each body that was in the middle of its work has begun again. */
async function recovered(peer, dir, everything) {
  const before = begunIn(dir).length
  const killedAt = performance.now()
  await peer.restart(everything)
  await untilBegun(dir, before + IN_FLIGHT)
  return performance.now() - killedAt
}

// Runs of workflows on a real installation, started over HTTP as any client would, and seen to end in the list of runs.
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { follow } from "../../dist/streams/follow.js"
import { runIdOf } from "../../dist/streams/ids.js"
import { Connection } from "../connection.mjs"
import { wait } from "../figures.mjs"

/** As many clients as that, each with one request under way. */
const CLIENTS = 20
/** A request of tRPC bundles so many calls that are asked for at once: what its client does by itself, and no more. */
const BATCH = 10

export class Runs {
  #over = new AbortController()
  #rows = new Map()
  #heard = new Set()
  #plane

  /** Follows the list of runs of an installation. `plane` is asked anew each time: it may have been started again. */
  constructor(installation, plane) {
    this.#plane = plane
    void this.#follow(installation)
  }

  async #follow({ streams }) {
    const url = () => `${streams().url}/__runs__`
    const headers = () => ({ authorization: `Bearer ${streams().token}` })
    for await (const { items } of follow({ url, headers, signal: this.#over.signal })) {
      const at = performance.now()
      for (const { type, value } of items) {
        if (type === "progress") this.#rows.set(value.runId, { ...value, at })
      }
      for (const heard of this.#heard) heard()
    }
  }

  /** The newest rows of those runs, once there is one for each that is as wanted. */
  async until(runIds, wanted, withinMs = 120_000) {
    const has = (runId) => {
      const row = this.#rows.get(runId)
      return row !== undefined && wanted(row)
    }
    let left = [...runIds]
    const limit = performance.now() + withinMs
    while (performance.now() < limit) {
      left = left.filter((runId) => !has(runId))
      if (left.length === 0) return runIds.map((runId) => this.#rows.get(runId))
      await new Promise((resolve) => {
        const heard = () => {
          this.#heard.delete(heard)
          resolve(undefined)
        }
        this.#heard.add(heard)
        setTimeout(heard, 1_000)
      })
    }
    throw new Error(`${left.length} of ${runIds.length} runs are not as wanted after ${withinMs / 1000} s.`)
  }

  row(runId) {
    return this.#rows.get(runId)
  }

  async define(source) {
    const { status } = await this.#post("workflow.define", { source })
    if (status !== 200) throw new Error(`define was answered ${status}`)
  }

  /** Starts so many, and tells when each was asked for. Those that were refused are counted. */
  async start(count, input) {
    const prefix = Math.random().toString(36).slice(2)
    const started = []
    let failed = 0
    let next = 0
    const clients = Math.min(CLIENTS, Math.ceil(count / BATCH))
    const connections = Array.from({ length: clients }, () => this.#connect())
    const keys = Array.from({ length: count }, (_, n) => `${prefix}-${n}`)
    const runIds = await Promise.all(keys.map(runIdOf))
    await wait(50)
    await Promise.all(
      connections.map(async (connection) => {
        while (next < count) {
          const [from, to] = [next, Math.min(count, next + BATCH)]
          next = to
          const calls = keys.slice(from, to).map((idempotencyKey, n) => [n, { ...input, idempotencyKey }])
          const names = calls.map(() => "workflow.start").join(",")
          const request = this.#request(`${names}?batch=1`, Object.fromEntries(calls))
          const at = performance.now()
          const { status } = await connection.send(request).catch(() => ({ status: 0 }))
          if (status === 200) started.push(...runIds.slice(from, to).map((runId) => ({ runId, at })))
          else failed += to - from
        }
        connection.close()
      }),
    )
    return { started, failed }
  }

  #connect() {
    return new Connection(Number(new URL(this.#plane().api).port))
  }

  #request(procedure, input) {
    const { api, token } = this.#plane()
    const body = JSON.stringify(input)
    const { host } = new URL(api)
    return `POST /trpc/${procedure} HTTP/1.1\r\nHost: ${host}\r\nAuthorization: Bearer ${token}\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`
  }

  async #post(procedure, input) {
    const connection = this.#connect()
    const answer = await connection.send(this.#request(procedure, input))
    connection.close()
    return answer
  }

  close() {
    this.#over.abort()
  }
}

/** What step bodies wrote down themselves, a line each. */
export function journalOf(dir) {
  try {
    return readFileSync(join(dir, "journal"), "utf8").trim().split("\n").filter(Boolean)
  } catch {
    return []
  }
}

export const begunIn = (dir) => journalOf(dir).filter((line) => line.startsWith("begin"))

/** Waits until so many bodies have begun. */
export async function untilBegun(dir, count, withinMs = 120_000) {
  const limit = performance.now() + withinMs
  while (begunIn(dir).length < count) {
    if (performance.now() > limit) throw new Error(`${begunIn(dir).length} of ${count} bodies have begun.`)
    await wait(20)
  }
}

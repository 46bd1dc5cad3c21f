import fc from "fast-check"
import { expect, test } from "vitest"
import { seeded } from "../../support/seeded.ts"
import { producer, startServer, type TestServer, TOKEN } from "./support.ts"

/**
 * Bursts of requests that race each other, against a model in memory. Whatever the server answers must be what
 * the model answers to the same requests in some order, and what is stored afterwards the same.
 */

const LONG = process.env.AGENTZ_TEST_LONG === "1"
const RUNS = LONG ? 1000 : 60

const NAMES = ["a", "b", "c"] as const
const PRODUCERS = ["p", "q"] as const

interface Request {
  readonly do: "create" | "append" | "both" | "close" | "delete" | "fork" | "read"
  readonly name: string
  /** The fork's source; of `both`, what is appended to after `name`. */
  readonly from: string
  /** What is appended: no two requests append the same. */
  readonly value: number
  readonly producer: { readonly name: string; readonly epoch: number; readonly seq: number } | null
  readonly closes: boolean
}

interface Modelled {
  readonly messages: readonly number[]
  readonly closed: boolean
  readonly producers: Readonly<Record<string, { readonly epoch: number; readonly seq: number }>>
  /** The source, as long as this fork is there. */
  readonly source: number | null
  readonly id: number
}

/** Streams by name. `kept` are deleted ones whose forks still read them: their names are not free. */
interface World {
  readonly streams: Readonly<Record<string, Modelled>>
  readonly kept: readonly (Modelled & { readonly name: string })[]
  readonly nextId: number
}

const EMPTY: World = { streams: {}, kept: [], nextId: 1 }

/** What a request is answered, as far as it shows the state. */
type Seen = string

/** The model: one request, answered at once. Pure. */
function answer(world: World, request: Request): readonly [World, Seen] {
  const { name, value } = request
  const stream = world.streams[name]
  const isKept = world.kept.some((kept) => kept.name === name)
  const missing = isKept ? "410" : "404"
  const put = (changed: Modelled): World => ({ ...world, streams: { ...world.streams, [name]: changed } })
  const fresh = { messages: [], closed: false, producers: {}, source: null, id: world.nextId }
  const nextId = world.nextId + 1

  switch (request.do) {
    case "create":
      if (isKept) return [world, "409"]
      // A fork of the name, or a closed stream, is not what is asked for.
      if (stream) return [world, stream.source === null && !stream.closed ? "200" : "409"]
      return [{ ...put(fresh), nextId }, "201"]
    case "fork": {
      const source = world.streams[request.from]
      if (isKept) return [world, "409"]
      // Whether it is the same fork again is not modelled.
      if (stream) return [world, "200 or 409"]
      if (!source) return [world, world.kept.some((kept) => kept.name === request.from) ? "409" : "404"]
      return [{ ...put({ ...fresh, messages: source.messages, source: source.id }), nextId }, "201"]
    }
    case "append": {
      if (!stream) return [world, missing]
      const known = request.producer && stream.producers[request.producer.name]
      const last = known?.epoch === request.producer?.epoch ? (known?.seq ?? -1) : -1
      const isStale = request.producer && known && request.producer.epoch < known.epoch
      if (stream.closed) {
        if (isStale) return [world, "403"]
        const isRetry =
          known &&
          request.producer &&
          request.producer.epoch === known.epoch &&
          request.producer.seq <= known.seq
        return [world, isRetry ? "204" : "409"]
      }
      if (request.producer) {
        const { epoch, seq } = request.producer
        if (isStale) return [world, "403"]
        if (known && epoch > known.epoch && seq !== 0) return [world, "400"]
        if (seq <= last) return [world, "204"]
        if (seq > last + 1) return [world, "409"]
      }
      const { producer: by } = request
      const producers = by
        ? { ...stream.producers, [by.name]: { epoch: by.epoch, seq: by.seq } }
        : stream.producers
      const messages = [...stream.messages, value]
      return [put({ ...stream, messages, producers, closed: request.closes }), by ? "200" : "204"]
    }
    case "both": {
      const append = { ...request, do: "append", producer: null, closes: false } as const
      const [then, first] = answer(world, append)
      if (first !== "204") return [world, `${first} 424`]
      const [after, second] = answer(then, { ...append, name: request.from })
      return [after, `${first} ${second}`]
    }
    case "close":
      return stream ? [put({ ...stream, closed: true }), "204"] : [world, missing]
    case "delete": {
      if (!stream) return [world, missing]
      const { [name]: _, ...streams } = world.streams
      return [release({ ...world, streams, kept: [...world.kept, { ...stream, name }] }), "204"]
    }
    case "read":
      return [world, stream ? `200 ${stream.messages.join()}` : missing]
  }
}

/** Lets go of deleted streams that no fork reads any more. */
function release(world: World): World {
  const sources = [...Object.values(world.streams), ...world.kept].map(({ source }) => source)
  const kept = world.kept.filter(({ id }) => sources.includes(id))
  return kept.length === world.kept.length ? world : release({ ...world, kept })
}

async function send(server: TestServer, request: Request, prefix: string): Promise<Seen> {
  const name = prefix + request.name
  switch (request.do) {
    case "create":
      return String((await server.create(name)).status)
    case "fork": {
      const headers = { "stream-forked-from": `/v1/stream/${prefix}${request.from}` }
      const { status } = await server.call("PUT", name, { headers })
      return String(status)
    }
    case "append": {
      const { producer: by, closes } = request
      const ticket = by ? producer(by.name, by.epoch, by.seq) : {}
      const headers: Record<string, string> = closes ? { ...ticket, "stream-closed": "true" } : ticket
      return String((await server.append(name, request.value, headers)).status)
    }
    case "both": {
      const body = JSON.stringify([request.value])
      const list = [
        { name, length: body.length },
        { name: prefix + request.from, length: body.length, after: true },
      ]
      const response = await fetch(new URL("/v1/changes", server.url), {
        method: "POST",
        headers: { authorization: `Bearer ${TOKEN}` },
        body: `${JSON.stringify(list)}\n${body}${body}`,
      })
      return ((await response.json()) as { status: number }[]).map(({ status }) => status).join(" ")
    }
    case "close":
      return String((await server.call("POST", name, { headers: { "stream-closed": "true" } })).status)
    case "delete":
      return String((await server.call("DELETE", name)).status)
    case "read": {
      const response = await server.call("GET", `${name}?offset=-1`)
      const body: unknown = response.ok ? await response.json() : await response.text()
      return Array.isArray(body) ? `200 ${body.join()}` : String(response.status)
    }
  }
}

const isSame = (seen: Seen | undefined, modelled: Seen): boolean =>
  seen !== undefined && modelled.split(" or ").includes(seen)

/** All worlds that some order of the burst leads to, in which every answer is the one that was seen. */
function* orders(world: World, burst: readonly Request[], seen: readonly Seen[]): Generator<World> {
  if (burst.length === 0) yield world
  for (const [index, request] of burst.entries()) {
    const [next, modelled] = answer(world, request)
    if (!isSame(seen[index], modelled)) continue
    const others = <Value>(all: readonly Value[]) => all.filter((_, other) => other !== index)
    yield* orders(next, others(burst), others(seen))
  }
}

/** The worlds that are still possible, after all bursts so far. */
interface Model {
  worlds: readonly World[]
}

interface Real {
  readonly server: TestServer
  readonly prefix: string
}

class Burst implements fc.AsyncCommand<Model, Real> {
  readonly #requests: readonly Request[]

  constructor(requests: readonly Request[]) {
    this.#requests = requests
  }

  check = () => true

  async run(model: Model, { server, prefix }: Real): Promise<void> {
    const seen = await Promise.all(this.#requests.map((request) => send(server, request, prefix)))
    const reached = new Map<string, World>()
    for (const world of model.worlds) {
      for (const next of orders(world, this.#requests, seen)) reached.set(JSON.stringify(next), next)
    }
    if (reached.size === 0) expect.fail(`no order of ${this} explains ${seen.join(" | ")}`)
    model.worlds = [...reached.values()]
  }

  toString(): string {
    return `[${this.#requests.map((request) => JSON.stringify(request)).join(", ")}]`
  }
}

class Restart implements fc.AsyncCommand<Model, Real> {
  check = () => true

  async run(_: Model, { server }: Real): Promise<void> {
    await server.reopen()
  }

  toString = () => "restart"
}

let values = 0
const name = fc.constantFrom(...NAMES)
const ticket = fc.record({
  name: fc.constantFrom(...PRODUCERS),
  epoch: fc.integer({ min: 0, max: 2 }),
  seq: fc.integer({ min: 0, max: 3 }),
})
const request: fc.Arbitrary<Request> = fc.record({
  do: fc.oneof(
    { weight: 6, arbitrary: fc.constant("append" as const) },
    { weight: 4, arbitrary: fc.constantFrom("create" as const, "fork" as const, "read" as const) },
    { weight: 3, arbitrary: fc.constant("both" as const) },
    { weight: 2, arbitrary: fc.constantFrom("close" as const, "delete" as const) },
  ),
  name,
  from: name,
  value: fc.constant(null).map(() => values++),
  producer: fc.option(ticket),
  closes: fc.integer({ min: 0, max: 7 }).map((n) => n === 0),
})

test(
  "whatever races, the answers and what is stored are those of some order of the requests",
  async () => {
    await using server = await startServer()
    const { seed } = seeded("races against a model")
    let run = 0
    const bursts = fc.array(request, { minLength: 1, maxLength: 5 }).map((requests) => new Burst(requests))
    const commands = fc.commands([bursts, bursts, bursts, fc.constant(new Restart())], { maxCommands: 20 })
    const property = fc.asyncProperty(commands, async (steps) => {
      const prefix = `run${run++}-`
      const model: Model = { worlds: [EMPTY] }
      await fc.asyncModelRun(() => ({ model, real: { server, prefix } }), steps)
      const reads = NAMES.map(
        (each): Request => ({ do: "read", name: each, from: each, value: 0, producer: null, closes: false }),
      )
      await new Burst(reads).run(model, { server, prefix })
    })
    await fc.assert(property, { numRuns: RUNS, seed })
  },
  LONG ? 600_000 : 60_000,
)

import fc from "fast-check"
import { expect, test } from "vitest"
import { producer, startServer, type TestServer } from "./support.ts"

/** What a stream should be, kept beside the real one. */
interface Model {
  readonly messages: number[]
  closed: boolean
}

type Step =
  | { readonly do: "append"; readonly stream: number; readonly close: boolean }
  | { readonly do: "close" | "delete" | "create" | "reopen"; readonly stream: number }
  | { readonly do: "fork"; readonly stream: number; readonly to: number }

const stream = fc.integer({ min: 0, max: 3 })
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc
      .record({ do: fc.constant("append" as const), stream, close: fc.boolean() })
      .map(seldomClose),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constantFrom("close" as const, "delete" as const, "create" as const),
      stream,
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("fork" as const), stream, to: stream }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("reopen" as const), stream }) },
)

function seldomClose(append: { do: "append"; stream: number; close: boolean }): Step {
  return { ...append, close: append.close && append.stream === 0 }
}

test("any sequence of creates, appends, closes, forks, deletes and restarts does what it says", async () => {
  await using server = await startServer()
  let run = 0
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 25, size: "max" }), async (steps) => {
      const name = (index: number) => `run${run}-${index}`
      const model = new Map<number, Model>()
      run++
      for (const [n, action] of steps.entries()) await follow(server, { name, model, action, n })
      for (const [index, { messages, closed }] of model) {
        expect(await server.messages(name(index))).toEqual(messages)
        const head = await server.call("HEAD", name(index))
        expect(head.headers.get("stream-closed")).toBe(closed ? "true" : null)
      }
    }),
    { numRuns: 40 },
  )
})

interface Turn {
  readonly name: (index: number) => string
  readonly model: Map<number, Model>
  readonly action: Step
  readonly n: number
}

async function follow(server: TestServer, { name, model, action, n }: Turn): Promise<void> {
  const known = model.get(action.stream)
  switch (action.do) {
    case "append": {
      const { status } = await server.append(
        name(action.stream),
        n,
        action.close ? { "stream-closed": "true" } : {},
      )
      if (status === 204) known?.messages.push(n)
      if (known) expect(status).toBe(known.closed ? 409 : 204)
      else expect([404, 410]).toContain(status)
      if (known && status === 204) known.closed = action.close
      return
    }
    case "close": {
      const { status } = await server.call("POST", name(action.stream), {
        headers: { "stream-closed": "true" },
      })
      if (known) expect(status).toBe(204)
      else expect([404, 410]).toContain(status)
      if (known) known.closed = true
      return
    }
    case "delete": {
      const { status } = await server.call("DELETE", name(action.stream))
      if (known) expect(status).toBe(204)
      else expect([404, 410]).toContain(status)
      model.delete(action.stream)
      return
    }
    case "create": {
      const { status } = await server.create(name(action.stream))
      if (!known && status === 201) model.set(action.stream, { messages: [], closed: false })
      else expect([200, 409]).toContain(status)
      return
    }
    case "fork": {
      const headers = { "stream-forked-from": `/v1/stream/${name(action.stream)}` }
      const { status } = await server.call("PUT", name(action.to), { headers })
      if (status === 201) {
        expect(known).toBeDefined()
        expect(model.has(action.to)).toBe(false)
        model.set(action.to, { messages: [...(known?.messages ?? [])], closed: false })
      } else expect([200, 404, 409]).toContain(status)
      return
    }
    case "reopen":
      return await server.reopen()
  }
}

test("an append that races a close is either before it or refused", async () => {
  await using server = await startServer()
  for (let round = 0; round < 60; round++) {
    const name = `close-${round}`
    await server.create(name)
    const appends = Array.from({ length: 10 }, (_, n) => server.append(name, n))
    const close = server.call("POST", name, { headers: { "stream-closed": "true" } })
    const statuses = (await Promise.all(appends)).map(({ status }) => status)
    const { headers } = await close
    const taken = statuses.flatMap((status, n) => (status === 204 ? [n] : []))
    expect(((await server.messages(name)) as number[]).sort((a, b) => a - b)).toEqual(taken)
    const head = await server.call("HEAD", name)
    expect(head.headers.get("stream-closed")).toBe("true")
    expect(head.headers.get("stream-next-offset")).toBe(headers.get("stream-next-offset"))
  }
})

test("an append that races a delete never brings the stream back, nor shows in its successor", async () => {
  await using server = await startServer()
  for (let round = 0; round < 60; round++) {
    const name = `delete-${round}`
    await server.create(name)
    const appends = Array.from({ length: 10 }, (_, n) => server.append(name, n, producer(`p${n}`, 0, 0)))
    const gone = server.call("DELETE", name)
    await Promise.all([...appends, gone])
    expect((await server.call("HEAD", name)).status).toBe(404)
    await server.create(name)
    expect(await server.messages(name)).toEqual([])
    expect((await server.append(name, "first", producer("p0", 0, 0))).status).toBe(200)
  }
})

test("a fork that races appends has exactly a beginning of its source", async () => {
  await using server = await startServer()
  for (let round = 0; round < 60; round++) {
    const source = `source-${round}`
    await server.create(source)
    const appends = Array.from({ length: 10 }, (_, n) => server.append(source, n))
    const fork = server.call("PUT", `fork-${round}`, {
      headers: { "stream-forked-from": `/v1/stream/${source}` },
    })
    await Promise.all([...appends, fork])
    const whole = await server.messages(source)
    const part = await server.messages(`fork-${round}`)
    expect(whole).toHaveLength(10)
    expect(whole.slice(0, part.length)).toEqual(part)
  }
})

test("a deleted long stream is swept away in small steps while others go on", async () => {
  await using server = await startServer()
  await server.create("long")
  await server.create("other")
  const batch = Array.from({ length: 40 }, (_, n) => server.append("long", { n, text: "x".repeat(3000) }))
  await Promise.all(batch)
  for (let n = 0; n < 60; n++) {
    await Promise.all(Array.from({ length: 50 }, () => server.append("long", n, producer(`p${n}`, 0, 0))))
  }
  await server.call("DELETE", "long")
  const statuses = await Promise.all(Array.from({ length: 20 }, (_, n) => server.append("other", n)))
  expect(statuses.every(({ status }) => status === 204)).toBe(true)
  await server.reopen()
  expect((await server.call("GET", "long")).status).toBe(404)
  expect(await server.messages("other")).toHaveLength(20)
})

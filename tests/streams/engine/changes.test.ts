import { expect, test } from "vitest"
import { startServer, type TestServer, TOKEN } from "./support.ts"

interface Listed {
  readonly name: string
  readonly create?: boolean
  readonly seq?: string
  readonly after?: boolean
  readonly length?: number
}

/** Asks for changes, each with what it appends. */
async function change(
  server: TestServer,
  changes: readonly (readonly [Listed, unknown])[],
  token = TOKEN,
): Promise<{ readonly status: number; readonly told: { status: number; [field: string]: unknown }[] }> {
  const bodies = changes.map(([, value]) => JSON.stringify(value))
  const list = changes.map(([listed], n) => ({ length: Buffer.byteLength(bodies[n] ?? ""), ...listed }))
  const response = await fetch(new URL("/v1/changes", server.url), {
    method: "POST",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    body: `${JSON.stringify(list)}\n${bodies.join("")}`,
  })
  return { status: response.status, told: (await response.json()) as never }
}

const statuses = async (...asked: Parameters<typeof change>) =>
  (await change(...asked)).told.map(({ status }) => status)

test("many streams are made and appended to in one request, in order", async () => {
  await using server = await startServer()
  const { status, told } = await change(server, [
    [{ name: "a", create: true }, [{ text: "ü🐙" }]],
    [{ name: "list", create: true }, [1]],
    [{ name: "list" }, [2, 3]],
    [{ name: "a" }, [{ n: 2 }]],
  ])
  expect(status).toBe(200)
  expect(told.map((one) => one.status)).toEqual([201, 201, 204, 204])
  expect(await server.messages("a")).toEqual([{ text: "ü🐙" }, { n: 2 }])
  expect(await server.messages("list")).toEqual([1, 2, 3])
  const head = await server.call("HEAD", "list")
  expect(told[2]?.offset).toBe(head.headers.get("stream-next-offset"))
})

test("they are one transaction, and there after a restart", async () => {
  await using server = await startServer()
  const commits = async () => {
    const text = await (
      await fetch(new URL("/metrics", server.url), { headers: { authorization: `Bearer ${TOKEN}` } })
    ).text()
    return Number(/^agentz_streams_commits_total (\d+)$/m.exec(text)?.[1] ?? 0)
  }
  const before = await commits()
  await change(
    server,
    Array.from({ length: 100 }, (_, n) => [{ name: `s${n}`, create: true }, [n]] as const),
  )
  expect(await commits()).toBe(before + 1)
  await server.reopen()
  expect(await server.messages("s0")).toEqual([0])
  expect(await server.messages("s99")).toEqual([99])
})

test("each is judged as its own request would be, and one that comes after a refused one is not done", async () => {
  await using server = await startServer()
  await server.create("log")
  await server.create("list")
  expect(await statuses(server, [[{ name: "log", seq: "2" }, ["mine"]]])).toEqual([204])
  const { told } = await change(server, [
    [{ name: "log", seq: "2" }, ["late"]],
    [{ name: "list", after: true }, ["never"]],
    [{ name: "list", after: true }, ["nor this"]],
    [{ name: "list" }, ["of somebody else"]],
    [{ name: "none" }, ["nowhere"]],
    [{ name: "log", create: true }, ["there already"]],
  ])
  expect(told.map(({ status, code }) => [status, code])).toEqual([
    [409, "seq_conflict"],
    [424, "not_done"],
    [424, "not_done"],
    [204, undefined],
    [404, "stream_not_found"],
    [200, undefined],
  ])
  expect(await server.messages("log")).toEqual(["mine"])
  expect(await server.messages("list")).toEqual(["of somebody else"])
})

test("a request that does not add up is refused with a sentence, and changes nothing", async () => {
  await using server = await startServer()
  await server.create("s")
  const refused = async (...changes: readonly (readonly [Listed, unknown])[]) =>
    (await change(server, changes)).status
  expect(await refused()).toBe(400)
  expect(await refused([{ name: "s", length: 4 }, ["too long"]])).toBe(400)
  expect(await refused([{ name: "s" }, [1]], [{ name: "s", length: 900 }, [2]])).toBe(400)
  expect(await refused([{ name: "../s" }, [1]])).toBe(400)
  expect(await refused([{ name: "__ds/subscriptions/x" }, [1]])).toBe(400)
  expect(await refused([{ name: "s", seq: "x".repeat(2000) }, [1]])).toBe(400)
  expect((await change(server, [[{ name: "s" }, [1]]], "another-token")).status).toBe(401)
  const bare = (body: string) =>
    fetch(new URL("/v1/changes", server.url), {
      method: "POST",
      headers: { authorization: `Bearer ${TOKEN}` },
      body,
    })
  expect((await bare("no list")).status).toBe(400)
  expect((await bare('{"name":"s"}\n[1]')).status).toBe(400)
  expect((await bare("")).status).toBe(400)
  expect(await server.messages("s")).toEqual([])
})

test("something else than a list of JSON is refused alone", async () => {
  await using server = await startServer()
  await server.create("s")
  await server.create("text", "text/plain")
  const list = JSON.stringify([
    { name: "s", length: 3 },
    { name: "s", length: 2 },
    { name: "text", length: 3 },
    { name: "s", length: 3 },
  ])
  const response = await fetch(new URL("/v1/changes", server.url), {
    method: "POST",
    headers: { authorization: `Bearer ${TOKEN}` },
    body: `${list}\n[1][}[2][3]`,
  })
  const told = (await response.json()) as { status: number }[]
  expect(told.map(({ status }) => status)).toEqual([204, 400, 409, 204])
  expect(await server.messages("s")).toEqual([1, 3])
})

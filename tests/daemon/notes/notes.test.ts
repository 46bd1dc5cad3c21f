/** Notes that an agent keeps: in the session with its files, and over HTTP for nobody but that session's agent. */
import { request } from "node:http"
import { Client } from "@modelcontextprotocol/sdk/client/index.js"
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js"
import { expect, test } from "vitest"
import { notesOf } from "#daemon/notes/notes"
import { newNotesToken, noteToolsFor, serveNotes } from "#daemon/notes/server"
import { keptSession } from "../../support/kept-session.ts"
import { repository } from "../../support/repository.ts"

async function noted({ plain = false } = {}) {
  const at = await repository({ plain })
  const kept = keptSession(at)
  const notes = notesOf({
    session: () => kept.session,
    publish: kept.say,
    flushed: async () => undefined,
    checkpoints: kept,
  })
  const token = newNotesToken()
  const serving = await serveNotes(notes.tools, token)
  return {
    ...{ at, kept, notes, token, server: serving.server },
    async [Symbol.asyncDispose]() {
      await serving[Symbol.asyncDispose]()
      await at[Symbol.asyncDispose]()
    },
  }
}

async function clientOf({ server }: Awaited<ReturnType<typeof noted>>) {
  const client = new Client({ name: "test", version: "0" })
  const { url, headers } = server.http
  await client.connect(new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers } }))
  return { client, [Symbol.asyncDispose]: () => client.close() }
}

test.each([{ plain: false }, { plain: true }])(
  "a note is kept with the files as they are in that moment (plain: $plain)",
  async ({ plain }) => {
    await using it = await noted({ plain })
    const { kept, notes, at } = it
    at.write("a.txt", "one\n")
    await kept.turn(async () => {
      at.write("a.txt", "two\n")
      await notes.tools.write({ text: "first line\nmore", data: { step: 2 } })
      at.write("a.txt", "three\n")
    })
    const { note, checkpoints } = kept.session
    expect(note).toMatchObject({ text: "first line\nmore", data: { step: 2 }, turn: 1, checkpoint: 2 })
    expect(checkpoints.map(({ when, note: called }) => [when, called])).toEqual([
      ["before_turn", undefined],
      ["asked", "first line"],
      ["after_turn", undefined],
    ])
    expect(await kept.restore(2)).toBeNull()
    expect(at.read("a.txt")).toBe("two\n")
  },
)

test("a note while nothing changed is bound to the checkpoint that there is", async () => {
  await using it = await noted()
  await it.kept.turn(() => it.notes.tools.write({ text: "nothing yet" }))
  expect(it.kept.session.note?.checkpoint).toBe(1)
  expect(it.kept.session.checkpoints).toHaveLength(1)
})

test("over MCP there are two tools and no others, and they do what they say", async () => {
  await using it = await noted()
  await using mcp = await clientOf(it)
  const { tools } = await mcp.client.listTools()
  expect(tools.map(({ name }) => name)).toEqual(["checkpoint", "prime"])
  const call = async (name: string, args: Record<string, unknown> = {}) => {
    const { content, isError } = await mcp.client.callTool({ name, arguments: args })
    const [part] = content as { text: string }[]
    return { isError, text: part?.text ?? "" }
  }
  expect(JSON.parse((await call("prime")).text)).toEqual({ note: null, turns: 0 })
  await it.kept.turn(async () => {
    expect(JSON.parse((await call("checkpoint", { text: "here", data: { a: [1] } })).text)).toEqual({
      checkpoint: 1,
    })
  })
  expect(JSON.parse((await call("prime")).text)).toMatchObject({
    note: { text: "here", data: { a: [1] }, turn: 1, checkpoint: 1 },
    turns: 1,
  })
  expect(await call("checkpoint", { text: "x".repeat(16_001) })).toMatchObject({
    isError: true,
    text: expect.stringContaining("at most 16000 characters"),
  })
  expect((await call("checkpoint", { text: " " })).isError).toBe(true)
  expect(it.kept.session.note?.text).toBe("here")
})

test("nobody gets in without this token, from a page, or by another name", async () => {
  await using it = await noted()
  const { url } = it.server.http
  const good = { authorization: `Bearer ${it.token}` }
  const statusOf = (headers: Record<string, string>, method = "POST", path = "/mcp") =>
    new Promise<number | undefined>((resolve, reject) => {
      const { hostname, port } = new URL(url)
      const call = request({ hostname, port, path, method, headers, agent: false }, (answer) => {
        answer.resume().once("end", () => resolve(answer.statusCode))
      })
      call.once("error", reject).end("{}")
    })
  expect(await statusOf({})).toBe(401)
  expect(await statusOf({ authorization: `Bearer ${newNotesToken()}` })).toBe(401)
  expect(await statusOf({ authorization: "Bearer " })).toBe(401)
  expect(await statusOf({ ...good, origin: "http://127.0.0.1" })).toBe(403)
  expect(await statusOf({ ...good, host: "evil.example:80" })).toBe(403)
  expect(await statusOf(good, "POST", "/")).toBe(404)
  expect(await statusOf(good, "GET")).toBe(405)
  expect(it.kept.session.note).toBeNull()
})

test("a question about these tools needs nobody, unless a server of the user's own has their name", () => {
  expect([...noteToolsFor({})]).toEqual(["mcp__agentz-notes__checkpoint", "mcp__agentz-notes__prime"])
  const other = { type: "http", name: "agentz-notes", url: "http://127.0.0.1:1/", headers: {} } as const
  expect([...noteToolsFor({ mcpServers: [other] })]).toEqual([])
  expect([...noteToolsFor({ notes: false })]).toEqual([])
})

import { expect, test } from "vitest"
import { OWNER } from "#src/mcp/caller"
import { type Ask, testApi } from "../../support/api.ts"
import { mcpAt } from "../../support/mcp-client.ts"

const call: Ask = {
  method: "POST",
  headers: { "content-type": "application/json", accept: "application/json, text/event-stream" },
  body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/list" }),
}

test("a token opens it; nothing, another token and the cookie of a browser do not", async () => {
  await using api = await testApi()
  const { headers } = await api.ask(`/?code=${api.newCode()}`, { token: false })
  const cookie = headers["set-cookie"]?.[0]?.split(";")[0] ?? ""
  expect((await api.ask("/trpc/agent.agentTypes", { token: false, headers: { cookie } })).status).toBe(200)

  const answers = [
    await api.ask("/mcp", call),
    await api.ask("/mcp", { ...call, token: false }),
    await api.ask("/mcp", { ...call, token: "tok_other.secret" }),
    await api.ask("/mcp", { ...call, token: false, headers: { ...call.headers, cookie } }),
  ]
  expect(answers.map(({ status }) => status)).toEqual([200, 401, 401, 401])
  expect(answers[3]?.json().error?.reason).toBe("mcp_token_refused")
})

test("only a plain post of JSON is let in, and what no page may send", async () => {
  await using api = await testApi()
  const statusOf = async (ask: Ask) => (await api.ask("/mcp", { ...call, ...ask })).status
  const sent = (headers: Ask["headers"]): Ask => ({ headers: { ...call.headers, ...headers } })
  expect(await statusOf({ method: "GET", body: "" })).toBe(405)
  expect(await statusOf({ method: "DELETE", body: "" })).toBe(405)
  expect(await statusOf(sent({ "content-type": "text/plain" }))).toBe(415)
  expect(await statusOf(sent({ origin: "http://evil.example" }))).toBe(403)
  expect(await statusOf(sent({ "sec-fetch-site": "cross-site" }))).toBe(403)
  expect(await statusOf(sent({ host: `evil.example:${api.port}` }))).toBe(421)
  expect(await statusOf({ body: "x".repeat(4 * 1024 * 1024 + 1) })).toBe(413)
  expect(await statusOf({ body: "{" })).toBe(400)
})

test("what breaks inside is told without its reason, which the log has", async () => {
  await using api = await testApi({ mcpCaller: () => Promise.resolve(OWNER) })
  api.plane.getSession = () => Promise.reject(new Error("a canary of the inside"))
  await using mcp = await mcpAt(api.url, "tok_any.secret")
  const { reason, message } = await mcp.refusal("session_status", { sessionId: "ses_any" })
  expect(reason).toBe("internal_error")
  expect(message).not.toContain("canary")
  expect(api.lines).toMatchObject([{ event: "tool_failed", error: "a canary of the inside" }])
})

test("each tool says in its schemas what it takes and gives, and never takes more", async () => {
  await using api = await testApi({ mcpCaller: () => Promise.resolve(OWNER) })
  const { result } = (await api.ask("/mcp", call)).json() as {
    result?: { tools: readonly Record<string, Record<string, unknown>>[] }
  }
  expect(result?.tools.length).toBeGreaterThan(4)
  for (const { description, inputSchema, outputSchema } of result?.tools ?? []) {
    expect(String(description).length).toBeGreaterThan(20)
    expect(inputSchema).toMatchObject({ type: "object", additionalProperties: false })
    expect(outputSchema).toMatchObject({ type: "object" })
  }
})

import { readFile } from "node:fs/promises"
import { createServer } from "node:http"
import { join } from "node:path"
import { expect, test, vi } from "vitest"
import type { OpenAdapter } from "#daemon/agents/adapter"
import { adapters } from "#daemon/agents/index"
import { processesOf } from "#daemon/process/tree"
import { describeAgent } from "../../conformance/agent.ts"
import { AgentSession, type SessionOptions } from "../../support/agent-session.ts"
import { Disposables } from "../../support/disposables.ts"
import { fakeModel } from "../../support/fake-model.ts"
import { tempDir } from "../../support/temp-dir.ts"

function adapterOf(type: string): OpenAdapter {
  const adapter = adapters[type]
  if (!adapter) throw new Error(`no agent ${type}`)
  return adapter
}

describeAgent(
  "the openai-compatible agent",
  () => adapterOf("openai-compatible"),
  async () => {
    const model = await fakeModel()
    const env = { OPENAI_BASE_URL: model.baseUrl, OPENAI_API_KEY: "sk-secret", OPENAI_MODEL: "some-model" }
    return { env, [Symbol.asyncDispose]: () => model[Symbol.asyncDispose]() }
  },
)

async function start(options: Partial<SessionOptions> = {}) {
  const stack = new Disposables()
  const model = stack.use(await fakeModel())
  const dir = stack.use(await tempDir())
  const session = stack.use(
    await AgentSession.open({
      adapter: adapterOf("openai-compatible"),
      workingDir: dir.path,
      env: { OPENAI_BASE_URL: model.baseUrl },
      ...options,
    }),
  )
  return { session, model, dir: dir.path, [Symbol.asyncDispose]: () => stack[Symbol.asyncDispose]() }
}

test("a cut stream is asked for again, and what was streamed of it is void", async () => {
  await using world = await start()
  await world.session.prompt("[[drop after=3]] [[text n=6 ms=20]]")
  expect(world.session.events.map(({ type }) => type)).toContain("message_reset")
  expect(world.session.text).toBe("word1 word2 word3 word4 word5 word6 ")
  expect(world.session.updates).toContainEqual(
    expect.objectContaining({
      sessionUpdate: "notice",
      _meta: { "agentz/notice": { category: "connection", retry: { attempt: 1, max: 3 } } },
    }),
  )
})

test("a stream that is cut before it said anything is asked for again", async () => {
  await using world = await start()
  await world.session.prompt("[[drop after=0]] [[say text=whole]]")
  expect(world.session.text).toBe("whole")
  expect(world.session.events.map(({ type }) => type)).not.toContain("message_reset")
})

test("an error in mid-stream is treated as a cut", async () => {
  await using world = await start()
  await world.session.prompt("[[streamerror after=2]] [[text n=4]]")
  expect(world.session.text).toBe("word1 word2 word3 word4 ")
})

test("a busy provider is waited for as long as it asks", async () => {
  await using world = await start()
  await world.session.prompt("[[error status=429 times=2 after=0]] [[say text=through]]")
  expect(world.session.text).toBe("through")
  expect(world.session.itemsOf("notice")).toHaveLength(2)
})

test("after three tries it says so, and what to do", async () => {
  await using world = await start()
  await expect(world.session.prompt("[[error status=503 times=9 after=0]]")).rejects.toThrow()
  expect(world.session.session.error).toMatchObject({ code: "provider_unavailable" })
  expect(world.model.log.filter(({ status }) => status === 503)).toHaveLength(4)
})

test("a wait of more than a minute is told rather than waited", async () => {
  await using world = await start()
  await expect(world.session.prompt("[[error status=429 after=600]]")).rejects.toThrow()
  expect(world.session.session.error).toMatchObject({
    code: "provider_rate_limited",
    hint: "Send the message again in 600 seconds.",
  })
})

test("a refused key is not tried again, and its variable is named", async () => {
  await using world = await start()
  await expect(world.session.prompt("[[error status=401 times=-1]]")).rejects.toThrow()
  expect(world.session.session.error).toMatchObject({ code: "provider_auth", hint: "Check OPENAI_API_KEY." })
  expect(world.model.log.filter(({ status }) => status === 401)).toHaveLength(1)
})

test("a server that is not there is named, with the variable to change", async () => {
  await using world = await start({ env: { OPENAI_BASE_URL: "http://127.0.0.1:9/v1", OPENAI_MODEL: "m" } })
  await expect(world.session.prompt("hello")).rejects.toThrow()
  expect(world.session.session.error).toMatchObject({
    code: "provider_unavailable",
    message: expect.stringContaining("http://127.0.0.1:9/v1"),
    hint: expect.stringContaining("OPENAI_BASE_URL"),
  })
})

test("without a key for a remote service it does not even begin", async () => {
  await using world = await start({ env: { OPENAI_BASE_URL: "https://models.example/v1" } })
  await expect(world.session.prompt("hello")).rejects.toThrow()
  expect(world.session.session.error?.hint).toContain("Set OPENAI_API_KEY")
})

test("the tokens of all steps of a turn are counted together", async () => {
  await using world = await start()
  const { _meta } = await world.session.prompt("[[list]] [[say text=end]]")
  const usage = _meta?.["agentz/usage"] as { inputTokens: number; outputTokens: number }
  expect(usage.inputTokens).toBeGreaterThan(1000)
  expect(usage.outputTokens).toBeGreaterThan(20)
})

test("the chosen model is used before the one of the environment", async () => {
  await using world = await start({ model: "chosen" })
  await world.session.prompt("[[say text=x]]")
  expect(world.model.log.find(({ api }) => api === "chat")).toMatchObject({ model: "chosen" })
})

test("a local server is asked for its model when none was chosen", async () => {
  await using world = await start()
  await world.session.prompt("[[say text=x]]")
  expect(world.model.log.find(({ api }) => api === "chat")).toMatchObject({ model: "fake-text" })
})

test("a model in circles is stopped", async () => {
  await using world = await start()
  await expect(world.session.prompt("[[list]]".repeat(60))).rejects.toThrow()
  expect(world.session.session.error).toMatchObject({ code: "step_limit" })
  expect(world.session.itemsOf("tool")).toHaveLength(50)
})

test("arguments that make no sense are told to the model, not run", async () => {
  await using world = await start()
  await world.session.prompt(
    `[[tool name=write_file args="{\\"path\\":1}"]] [[tool name=rm args="{}"]] [[say text=end]]`,
  )
  expect(world.session.asks).toEqual([])
  expect(world.session.itemsOf("tool").map(({ output }) => output)).toEqual([
    expect.stringContaining("Wrong arguments for write_file: path: "),
    expect.stringContaining("There is no tool rm."),
  ])
  expect(world.session.itemsOf("message").at(-1)?.text).toBe("end")
})

test("cerebras is the same agent with its own variables", async () => {
  await using model = await fakeModel()
  await using dir = await tempDir()
  await using session = await AgentSession.open({
    adapter: adapterOf("cerebras"),
    workingDir: dir.path,
    env: { CEREBRAS_API_KEY: "csk", CEREBRAS_BASE_URL: model.baseUrl },
  })
  await session.prompt("[[write path=a.txt content=a]]")
  expect(await readFile(join(dir.path, "a.txt"), "utf8")).toBe("a")
  expect(model.log.find(({ api }) => api === "chat")).toMatchObject({ model: "gpt-oss-120b" })
})

test("the end of a session ends the processes of its tools", async () => {
  const world = await start()
  const marker = ["AGENTZ_SESSION", world.session.session.sessionId] as const
  world.session.prompt("[[bash cmd='echo up; sleep 300']]").catch(() => undefined)
  await world.session.saw(({ session }) => session.items.some((item) => item.type === "tool" && item.output))
  expect(processesOf({ marker })).not.toEqual([])
  await world[Symbol.asyncDispose]()
  await vi.waitFor(() => expect(processesOf({ marker })).toEqual([]))
})

/** A service that answers each request with the next of these bodies, and closes politely. */
async function service(status: number, ...bodies: readonly string[]) {
  let next = 0
  const server = createServer((_, response) => {
    const body = bodies[Math.min(next++, bodies.length - 1)] ?? ""
    response.writeHead(status, { "content-type": status === 200 ? "text/event-stream" : "application/json" })
    response.end(body)
  })
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done))
  const address = server.address()
  const port = typeof address === "object" && address ? address.port : 0
  return {
    env: { OPENAI_BASE_URL: `http://127.0.0.1:${port}`, OPENAI_API_KEY: "sk-secret", OPENAI_MODEL: "m" },
    [Symbol.asyncDispose]: async () => void server.close(),
  }
}

test("a key that a service repeats in its refusal is not passed on", async () => {
  await using refusal = await service(401, `{"error":{"message":"Incorrect API key: sk-secret"}}`)
  await using world = await start({ env: refusal.env })
  await expect(world.session.prompt("hello")).rejects.toThrow("Incorrect API key: [key]")
  expect(JSON.stringify(world.session.events)).not.toContain("sk-secret")
})

test("a stream that ends politely but without a reason was cut too", async () => {
  const chunk = (content: string, reason: string | null) =>
    `data: ${JSON.stringify({ choices: [{ index: 0, delta: { content }, finish_reason: reason }] })}\n\n`
  const whole = `${chunk("half and ", null)}${chunk("whole", "stop")}data: [DONE]\n\n`
  await using cut = await service(200, chunk("half", null), whole)
  await using world = await start({ env: cut.env })
  expect(await world.session.prompt("hello")).toMatchObject({ stopReason: "end_turn" })
  expect(world.session.text).toBe("half and whole")
})

test("an answer that was too long for the model says so", async () => {
  const body = `data: ${JSON.stringify({ choices: [{ index: 0, delta: { content: "x" }, finish_reason: "length" }] })}\n\ndata: [DONE]\n\n`
  await using long = await service(200, body)
  await using world = await start({ env: long.env })
  expect(await world.session.prompt("hello")).toMatchObject({ stopReason: "max_tokens" })
})

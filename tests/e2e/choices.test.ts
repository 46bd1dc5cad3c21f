/** What is chosen for an agent and given to it, end to end: options, commands, files, MCP servers. */
import { spawnSync } from "node:child_process"
import { rmSync, statSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"
import { filesOf } from "#daemon/home"
import { readBlob } from "#streams/blob"
import { createFakeModel } from "../fixtures/fake-model/server.mjs"
import { Installation, killPid, refusalOf, saidIn } from "./installation.ts"

async function fakeModel() {
  const model = createFakeModel()
  const port = await model.listen(0)
  const env = { OPENAI_BASE_URL: `http://127.0.0.1:${port}/v1`, OPENAI_MODEL: "fake-model" }
  return { env, log: model.log, [Symbol.asyncDispose]: () => model.close() }
}

test("an option is set, refused with what there is, and kept over a kill; commands are told", async () => {
  await using agentz = await Installation.open()
  const { agent } = agentz.client(await agentz.up())
  const { sessionId } = await agent.spawn.mutate({
    agentType: "demo",
    prompt: "[[say text=one]]",
    workingDir: agentz.workingDir,
    config: { pace: "fast" },
  })
  const first = await agentz.until(sessionId, "completed", ({ status }) => status === "completed")
  expect(first.configOptions).toMatchObject([{ id: "pace", value: "fast", category: "other" }])
  expect(first.commands.map(({ name }) => name)).toEqual(["tour", "recall"])

  const wrong = await refusalOf(agent.setConfigOption.mutate({ sessionId, optionId: "pace", value: "slow" }))
  expect(wrong).toMatchObject({ code: "BAD_REQUEST", reason: "option_value_refused" })
  expect(wrong.message).toContain("reading, fast")
  expect((await agentz.run(["set", sessionId, "speed=1"])).stderr).toContain("there are pace")

  expect((await agentz.run(["set", sessionId, "pace=reading"])).code).toBe(0)
  await agentz.until(sessionId, "set", ({ configOptions }) => configOptions[0]?.value === "reading")
  await killPid(agentz.daemon(sessionId))
  await agent.sendMessage.mutate({ sessionId, text: "/recall" })
  const later = await agentz.until(
    sessionId,
    "done again",
    ({ turns, status }) => turns === 2 && status === "completed",
  )
  expect(later.configOptions).toMatchObject([{ id: "pace", value: "reading" }])
  expect(saidIn(later)).toContain("RECALL 1 earlier")
  expect((await agentz.run(["set", sessionId])).stdout).toContain("pace=reading")
})

test("the model is chosen while a session lives, and what is asked next goes to it", async () => {
  await using model = await fakeModel()
  await using agentz = await Installation.open(model.env)
  const { agent } = agentz.client(await agentz.up())
  const { sessionId } = await agent.spawn.mutate({
    agentType: "openai-compatible",
    prompt: "[[say text=one]]",
    workingDir: agentz.workingDir,
  })
  const first = await agentz.until(sessionId, "completed", ({ status }) => status === "completed")
  const [option] = first.configOptions
  expect(option).toMatchObject({ id: "model", category: "model", value: "fake-model" })
  const other = option?.choices.find(({ value }) => value !== "fake-model")?.value
  if (other === undefined) throw new Error("The model server offers one model only.")
  await agent.setConfigOption.mutate({ sessionId, optionId: "model", value: other })
  await agent.sendMessage.mutate({ sessionId, text: "[[say text=two]]" })
  const later = await agentz.until(
    sessionId,
    "done again",
    ({ turns, status }) => turns === 2 && status === "completed",
  )
  expect(later.configOptions[0]?.value).toBe(other)
})

test("an attached text is read by the agent, is in a stream beside the session, and is remembered over a kill", async () => {
  await using model = await fakeModel()
  await using agentz = await Installation.open(model.env)
  const { agent } = agentz.client(await agentz.up())
  const notes = join(agentz.workingDir, "notes.txt")
  writeFileSync(notes, "The lamp is green.\n")
  const sessionId = await agentz.spawn(
    ...(["[[say text=one]]", "--agent", "openai-compatible", "--attach", notes] as const),
  )
  const first = await agentz.until(sessionId, "completed", ({ status }) => status === "completed")
  const [item] = first.items.filter(({ type }) => type === "user")
  if (item?.type !== "user" || item.attachments?.[0]?.type !== "file") throw new Error("Nothing is attached.")
  const [{ blob = "", name }] = item.attachments
  expect(name).toBe("notes.txt")
  const pieces: Uint8Array[] = []
  for await (const piece of readBlob(agentz.endpoint, blob)) pieces.push(piece)
  expect(Buffer.concat(pieces).toString()).toBe("The lamp is green.\n")
  const heard = () => model.log.filter((entry) => JSON.stringify(entry).includes("The lamp is green."))
  expect(heard()).toHaveLength(1)

  await killPid(agentz.daemon(sessionId))
  await agent.sendMessage.mutate({ sessionId, text: "[[recall]]" })
  const later = await agentz.until(
    sessionId,
    "done again",
    ({ turns, status }) => turns === 2 && status === "completed",
  )
  expect(saidIn(later)).toContain("The lamp is green.")
})

test("an image is refused by an agent that takes none, with what to do instead; a large file at once", async () => {
  await using agentz = await Installation.open()
  await agentz.up()
  const image = join(agentz.workingDir, "a.png")
  writeFileSync(image, Buffer.from("89504e470d0a1a0a0000", "hex"))
  const sessionId = await agentz.spawn("look", "--attach", image)
  const session = await agentz.until(sessionId, "failed", ({ status }) => status === "failed")
  expect(session.error).toMatchObject({
    code: "attachment_not_taken",
    hint: expect.stringContaining("working directory"),
  })

  const large = join(agentz.workingDir, "large.bin")
  writeFileSync(large, Buffer.alloc(10 * 1024 * 1024 + 1))
  const refused = await agentz.run(["send", sessionId, "look", "--attach", large, "--json"])
  expect(JSON.parse(refused.stderr).error.reason).toBe("attachment_too_large")
})

test("a message that waits is withdrawn and never said; one that has begun is refused", async () => {
  await using agentz = await Installation.open()
  const { agent } = agentz.client(await agentz.up())
  const { sessionId } = await agent.spawn.mutate({
    agentType: "demo",
    prompt: "[[ask]]",
    workingDir: agentz.workingDir,
  })
  const { approvals, taken } = await agentz.until(
    sessionId,
    "asking",
    (session) => session.approvals.length > 0,
  )
  const { messageId } = await agent.sendMessage.mutate({ sessionId, text: "[[say text=never]]" })
  await agentz.until(sessionId, "queued", ({ queue }) => queue.length === 1)
  const withdrawn = await agentz.run(["withdraw", sessionId, "--json"])
  expect(JSON.parse(withdrawn.stdout)).toEqual({ messageId, withdrawn: true })
  const [begun] = taken
  const requestId = approvals[0]?.requestId
  if (!begun || !requestId) throw new Error("Nothing is asked.")
  const refused = await refusalOf(agent.withdraw.mutate({ sessionId, messageId: begun }))
  expect(refused.reason).toBe("message_begun")
  await agent.approve.mutate({ sessionId, requestId, decision: "allow" })
  const session = await agentz.until(sessionId, "completed", ({ status }) => status === "completed")
  expect({ turns: session.turns, said: saidIn(session).includes("never") }).toEqual({ turns: 1, said: false })
})

test("MCP servers reach the agent, also after a kill; what they are started with is in one private file only", async () => {
  await using agentz = await Installation.open()
  agentz.addPlainAgent()
  const { agent } = agentz.client(await agentz.up())
  const file = join(agentz.workingDir, "mcp.json")
  const secret = "canary-0123456789"
  writeFileSync(
    file,
    JSON.stringify({ mcpServers: { notes: { command: "notes", env: { NOTES_KEY: secret } } } }),
  )
  const sessionId = await agentz.spawn("servers", "--agent", "plain", "--mcp", file)
  await agentz.until(sessionId, "completed", ({ status }) => status === "completed")
  await killPid(agentz.daemon(sessionId))
  await agent.sendMessage.mutate({ sessionId, text: "servers" })
  const session = await agentz.until(
    sessionId,
    "done again",
    ({ turns, status }) => turns === 2 && status === "completed",
  )
  const said = session.items.flatMap((item) => (item.type === "message" ? [item.text] : []))
  const told = [
    {
      name: "notes",
      command: "notes",
      args: [],
      env: [{ name: "NOTES_KEY", value: "[redacted notes NOTES_KEY]" }],
    },
    {
      type: "http",
      name: "agentz-notes",
      url: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\/mcp$/),
      headers: [{ name: "authorization", value: "Bearer [redacted AGENTZ_NOTES_TOKEN]" }],
    },
  ]
  expect(said.map((text) => JSON.parse(text))).toEqual([told, told])

  const { profile } = filesOf(agentz.home, sessionId)
  expect(statSync(profile).mode & 0o777).toBe(0o600)
  const { stdout } = spawnSync("grep", ["-rla", secret, agentz.home])
  expect(stdout.toString().trim().split("\n")).toEqual([profile])

  rmSync(profile)
  await killPid(agentz.daemon(sessionId))
  await agent.sendMessage.mutate({ sessionId, text: "servers" })
  const { items } = await agentz.until(
    sessionId,
    "done without them",
    ({ turns, status }) => turns === 3 && status === "completed",
  )
  const notices = items.filter((item) => item.type === "notice" && item.category === "mcp")
  expect(notices).toMatchObject([{ title: expect.stringContaining("notes") }])
})

test("MCP servers are checked before anything starts, and an agent that takes none says so", async () => {
  await using agentz = await Installation.open()
  const file = join(agentz.workingDir, "mcp.json")
  const run = async (servers: unknown) => {
    writeFileSync(file, JSON.stringify({ mcpServers: servers }))
    const { stderr } = await agentz.run(["run", "hello", "--mcp", file, "--json"])
    return JSON.parse(stderr).error
  }
  expect(await run({ bad: { url: "file:///etc/passwd" } })).toMatchObject({
    reason: "mcp_file_invalid",
    message: expect.stringContaining("bad.url"),
  })
  expect((await run({ fine: { command: "server" } })).reason).toBe("mcp_not_taken")
  expect(JSON.parse((await agentz.run(["ls", "--json"])).stdout).sessions).toEqual([])
})

/** Whatever is wrong with what we are given: a clear sentence, the right code, and nothing lost. */
import { chmodSync, mkdirSync, writeFileSync } from "node:fs"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { join } from "node:path"
import { expect, test } from "vitest"
import { RequestId, SessionId } from "#streams/ids"
import { Installation, refusalOf } from "./installation.ts"

test("tRPC refuses bad input with a code, a slug and a sentence that names the remedy", async () => {
  await using agentz = await Installation.open()
  const ready = await agentz.up()
  const { agent } = agentz.client(ready)
  const file = join(agentz.workingDir, "file")
  writeFileSync(file, "")
  const spawn = (more: object) =>
    agent.spawn.mutate({ agentType: "demo", prompt: "hi", workingDir: agentz.workingDir, ...more })
  const sessionId = SessionId.parse("ses_nobody")

  expect(await refusalOf(spawn({ agentType: "nobody" }))).toMatchObject({
    code: "BAD_REQUEST",
    reason: "unknown_agent",
    message: expect.stringContaining("demo"),
  })
  expect(await refusalOf(spawn({ prompt: "  " }))).toMatchObject({
    code: "BAD_REQUEST",
    reason: "empty_prompt",
  })
  expect(await refusalOf(spawn({ workingDir: join(agentz.workingDir, "nowhere") }))).toMatchObject({
    code: "BAD_REQUEST",
    reason: "working_dir_missing",
  })
  expect(await refusalOf(spawn({ workingDir: file }))).toMatchObject({
    code: "BAD_REQUEST",
    reason: "working_dir_not_a_directory",
  })
  expect(await refusalOf(spawn({ workingDir: "relative" }))).toMatchObject({
    code: "BAD_REQUEST",
    reason: "working_dir_not_absolute",
  })
  expect(await refusalOf(spawn({ prompt: "x".repeat(5 * 1024 * 1024) }))).toMatchObject({
    code: "PAYLOAD_TOO_LARGE",
    reason: "prompt_too_large",
  })
  expect(await refusalOf(spawn({ agentType: "openai-compatible" }))).toMatchObject({
    code: "PRECONDITION_FAILED",
    reason: "agent_not_ready",
    message: expect.stringContaining("OPENAI_API_KEY"),
  })
  for (const call of [
    agent.getSession.query({ sessionId }),
    agent.sendMessage.mutate({ sessionId, text: "hi" }),
    agent.cancel.mutate({ sessionId }),
    agent.resume.mutate({ sessionId }),
  ])
    expect(await refusalOf(call)).toMatchObject({ code: "NOT_FOUND", reason: "unknown_session" })
  expect((await agent.listSessions.query({})).sessions).toEqual([])
})

test("an answer to an unknown or settled request is refused, and the first answer stands", async () => {
  await using agentz = await Installation.open()
  const { agent } = agentz.client(await agentz.up())
  const { sessionId } = await agent.spawn.mutate({
    agentType: "demo",
    prompt: "[[bash cmd=true]]",
    workingDir: agentz.workingDir,
  })
  const { approvals } = await agentz.until(sessionId, "waiting", ({ status }) => status === "waiting")
  const requestId = approvals[0]?.requestId ?? RequestId.parse("req_none")

  const unknown = agent.approve.mutate({
    sessionId,
    requestId: RequestId.parse("req_unknown"),
    decision: "allow",
  })
  expect(await refusalOf(unknown)).toMatchObject({ code: "NOT_FOUND", reason: "unknown_request" })
  const answers = await Promise.all([
    agent.approve.mutate({ sessionId, requestId, decision: "deny" }),
    agent.approve.mutate({ sessionId, requestId, decision: "deny" }),
  ])
  expect(answers).toEqual([
    { requestId, decision: "deny" },
    { requestId, decision: "deny" },
  ])
  await agentz.until(sessionId, "completed", ({ status }) => status === "completed")
  expect(await agent.approve.mutate({ sessionId, requestId, decision: "deny" })).toEqual({
    requestId,
    decision: "deny",
  })
  const late = agent.approve.mutate({ sessionId, requestId, decision: "allow" })
  expect(await refusalOf(late)).toMatchObject({ code: "CONFLICT", reason: "request_settled" })
  expect(await refusalOf(agent.resume.mutate({ sessionId }))).toMatchObject({
    code: "CONFLICT",
    reason: "nothing_to_resume",
  })
})

test("a repeated spawn or message with the same key happens once", async () => {
  await using agentz = await Installation.open()
  const { agent } = agentz.client(await agentz.up())
  const spawn = () =>
    agent.spawn.mutate({
      agentType: "demo",
      prompt: "[[say text=hi]]",
      workingDir: agentz.workingDir,
      idempotencyKey: "one",
    })
  const [a, b] = await Promise.all([spawn(), spawn()])
  expect(a).toEqual(b)
  expect(await spawn()).toEqual(a)
  const { sessionId } = a
  await agentz.until(sessionId, "completed", ({ status }) => status === "completed")
  const send = () =>
    agent.sendMessage.mutate({ sessionId, text: "[[say text=again]]", idempotencyKey: "two" })
  expect(await send()).toEqual(await send())
  const session = await agentz.until(
    sessionId,
    "done",
    ({ status, turns }) => status === "completed" && turns === 2,
  )
  expect(session.items.filter(({ type }) => type === "user")).toHaveLength(2)
  expect((await agent.listSessions.query({})).sessions).toHaveLength(1)
})

test("the command line says what is wrong in one sentence, with the exit code of its kind", async () => {
  await using agentz = await Installation.open()
  const refused = async (args: readonly string[], env?: Record<string, string>) => {
    const { code, stderr, stdout } = await agentz.run(args, env === undefined ? {} : { env })
    expect(stdout).toBe("")
    expect(stderr).toMatch(/^agentz: /)
    expect(stderr).not.toContain("    at ")
    return { code, stderr }
  }
  expect(await refused(["run", "hi", "--agent", "nobody"])).toMatchObject({
    code: 1,
    stderr: expect.stringContaining("demo"),
  })
  expect(await refused(["run", "hi", "--cwd", "/nowhere/at/all"])).toMatchObject({
    code: 1,
    stderr: expect.stringContaining("does not exist"),
  })
  expect(await refused(["run", " "])).toMatchObject({ stderr: expect.stringContaining("empty") })
  expect(await refused(["show", "ses_nobody"])).toMatchObject({
    code: 1,
    stderr: expect.stringContaining("agentz ls"),
  })
  expect(await refused(["shwo"])).toMatchObject({ code: 64, stderr: expect.stringContaining("show") })
  expect(await refused(["ls", "--jsno"])).toMatchObject({ code: 64 })
  expect(await refused(["ls"], { AGENTZ_PORT: "many" })).toMatchObject({
    code: 78,
    stderr: expect.stringContaining("AGENTZ_PORT"),
  })
})

test("a port that another program holds is named, with the way round", async () => {
  await using agentz = await Installation.open()
  const other = createServer((_, response) => response.end("something else"))
  await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve))
  const { port } = other.address() as AddressInfo
  try {
    const { code, stderr } = await agentz.run(["up", "--json"], { env: { AGENTZ_PORT: String(port) } })
    expect(code).toBe(1)
    expect(stderr).toContain(String(port))
    expect(stderr).toContain("AGENTZ_PORT")
  } finally {
    other.close()
  }
})

test("a home that others can look into is refused with the command that closes it", async () => {
  await using agentz = await Installation.open()
  mkdirSync(agentz.home)
  chmodSync(agentz.home, 0o755)
  const { code, stderr } = await agentz.run(["ls"])
  expect(code).toBe(78)
  expect(stderr).toContain(`chmod 700 ${agentz.home}`)
  chmodSync(agentz.home, 0o700)
})

test("a port of the stream server that is taken is gone round, and its sessions work all the same", async () => {
  await using agentz = await Installation.open({ AGENTZ_STREAMS_PORT: "4201" })
  const other = createServer((_, response) => response.end("something else"))
  await new Promise<void>((resolve) =>
    other.listen(4201, "127.0.0.1", resolve).once("error", () => resolve()),
  )
  try {
    const { code, stdout } = await agentz.run(["run", "[[say text=elsewhere]]"])
    expect({ code, stdout }).toMatchObject({ code: 0, stdout: expect.stringContaining("elsewhere") })
    expect(agentz.endpoint().url).not.toContain(":4201")
  } finally {
    other.close()
  }
})

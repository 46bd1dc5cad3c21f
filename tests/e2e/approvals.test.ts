/** What was allowed and refused, end to end: real daemons, kills in between, rules that come and go. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"
import { livenessOf } from "#src/liveness"
import type { SessionId } from "#streams/ids"
import { wait } from "#streams/transport"
import { createFakeModel } from "../fixtures/fake-model/server.mjs"
import { Installation, killHard, killPid, refusalOf, saidIn } from "./installation.ts"

const ONCE = '[[bash cmd="echo ran >> once.txt"]] [[say text=finished]]'

async function fakeModel() {
  const model = createFakeModel()
  const port = await model.listen(0)
  const env = {
    OPENAI_BASE_URL: `http://127.0.0.1:${port}/v1`,
    OPENAI_API_KEY: "sk-canary-1234567890",
    OPENAI_MODEL: "fake-model",
  }
  return { env, [Symbol.asyncDispose]: () => model.close() }
}

const asking = async (agentz: Installation, sessionId: SessionId, count = 1) => {
  const { approvals } = await agentz.until(
    sessionId,
    "asking",
    (session) => session.approvals.length === count,
  )
  const [request] = approvals
  if (!request) throw new Error("Nothing is asked.")
  return request
}
const ranOnce = (agentz: Installation) =>
  readFileSync(join(agentz.workingDir, "once.txt"), "utf8").split("\n").filter(Boolean).length

test.each(["demo", "openai-compatible"])(
  "%s: asked, everything killed, answered while all is down, and the call runs exactly once",
  async (agentType) => {
    await using model = await fakeModel()
    await using agentz = await Installation.open(model.env)
    const first = await agentz.up()
    const { agent } = agentz.client(first)
    const { sessionId } = await agent.spawn.mutate({ agentType, prompt: ONCE, workingDir: agentz.workingDir })
    const { requestId } = await asking(agentz, sessionId)
    await killPid(agentz.daemon(sessionId))
    await killHard(first.process)
    await killPid(agentz.server())
    expect(existsSync(join(agentz.workingDir, "once.txt"))).toBe(false)

    // The command is a control plane of its own: it starts what it needs.
    const answered = await agentz.run(["approve", sessionId, requestId, "--allow", "--json"])
    expect(JSON.parse(answered.stdout)).toEqual({ requestId, decision: "allow" })
    const session = await agentz.until(sessionId, "completed", ({ status }) => status === "completed")
    expect(ranOnce(agentz)).toBe(1)
    expect(saidIn(session)).toContain("finished")
    expect(session.approvals).toEqual([])
  },
)

test.each(["demo", "openai-compatible"])(
  "%s: a call that was refused after a kill is not run, and the agent goes on",
  async (agentType) => {
    await using model = await fakeModel()
    await using agentz = await Installation.open(model.env)
    const { agent } = agentz.client(await agentz.up())
    const { sessionId } = await agent.spawn.mutate({ agentType, prompt: ONCE, workingDir: agentz.workingDir })
    const { requestId } = await asking(agentz, sessionId)
    await killPid(agentz.daemon(sessionId))
    await agent.approve.mutate({ sessionId, requestId, decision: "deny", note: "not today" })
    const session = await agentz.until(sessionId, "completed", ({ status }) => status === "completed")
    expect(existsSync(join(agentz.workingDir, "once.txt"))).toBe(false)
    expect(saidIn(session)).toContain("finished")
    const tools = session.items.flatMap((item) => (item.type === "tool" ? [item.output] : []))
    expect(tools.at(-1)).toContain("not today")
  },
)

test("a project that was reconfigured while the question waited is asked anew", async () => {
  await using agentz = await Installation.open()
  const { agent } = agentz.client(await agentz.up())
  const { sessionId } = await agent.spawn.mutate({
    agentType: "demo",
    prompt: ONCE,
    workingDir: agentz.workingDir,
  })
  const { requestId } = await asking(agentz, sessionId)
  await killPid(agentz.daemon(sessionId))
  writeFileSync(join(agentz.workingDir, ".mcp.json"), '{"mcpServers":{"evil":{"command":"evil"}}}')
  await agent.approve.mutate({ sessionId, requestId, decision: "allow" })
  const again = await agentz.until(
    sessionId,
    "asked anew",
    ({ approvals }) => approvals.length === 1 && approvals[0]?.requestId !== requestId,
  )
  expect(existsSync(join(agentz.workingDir, "once.txt"))).toBe(false)
  const next = again.approvals[0]?.requestId ?? requestId
  await agent.approve.mutate({ sessionId, requestId: next, decision: "allow" })
  await agentz.until(sessionId, "completed", ({ status }) => status === "completed")
  expect(ranOnce(agentz)).toBe(1)
})

test("of two answers at once one stands, and both callers are told which", async () => {
  await using agentz = await Installation.open()
  const { agent } = agentz.client(await agentz.up())
  const { sessionId } = await agent.spawn.mutate({
    agentType: "demo",
    prompt: ONCE,
    workingDir: agentz.workingDir,
  })
  const { requestId } = await asking(agentz, sessionId)
  const outcome = (decision: "allow" | "deny") =>
    agent.approve
      .mutate({ sessionId, requestId, decision })
      .then((answer) => answer.decision)
      .catch(async (error: unknown) => (await refusalOf(Promise.reject(error))).message)
  const [one, other] = await Promise.all([outcome("allow"), outcome("deny")])
  const session = await agentz.until(sessionId, "completed", ({ status }) => status === "completed")
  const item = session.items.find(({ key }) => key === requestId)
  const stands = item?.type === "permission" ? item.decision : null
  expect(existsSync(join(agentz.workingDir, "once.txt"))).toBe(stands === "allow")
  for (const told of [one, other]) expect(told).toContain(String(stands))
})

test("cancel answers three open questions, and nothing of them was done", async () => {
  await using agentz = await Installation.open()
  const { agent } = agentz.client(await agentz.up())
  const { sessionId } = await agent.spawn.mutate({
    agentType: "demo",
    prompt: '[[write path=a.txt]]&[[write path=b.txt]]&[[bash cmd="touch c.txt"]]',
    workingDir: agentz.workingDir,
  })
  await asking(agentz, sessionId, 3)
  expect(await agent.cancel.mutate({ sessionId })).toEqual({ sessionId, status: "cancelled" })
  const session = await agentz.session(sessionId)
  expect(session.approvals).toEqual([])
  const decisions = session.items.flatMap((item) => (item.type === "permission" ? [item.decision] : []))
  expect(decisions).toEqual(["cancelled", "cancelled", "cancelled"])
  for (const name of ["a.txt", "b.txt", "c.txt"])
    expect(existsSync(join(agentz.workingDir, name))).toBe(false)
})

test("a rule holds for the directory's next session, never for more than it says, and ends when it is revoked", async () => {
  await using agentz = await Installation.open()
  const { agent } = agentz.client(await agentz.up())
  mkdirSync(join(agentz.workingDir, ".git"))
  const spawn = (prompt: string) =>
    agent.spawn.mutate({ agentType: "demo", prompt, workingDir: agentz.workingDir })

  const first = await spawn('[[bash cmd="git --version"]] [[say text=one]]')
  const { requestId } = await asking(agentz, first.sessionId)
  const made = await agentz.run([
    ...["approve", first.sessionId, requestId, "--always", "--scope", "directory", "--for", "git --version"],
    "--json",
  ])
  const { rule } = JSON.parse(made.stdout)
  expect(rule.description).toBe(
    `demo may run commands that begin with “git --version”, in ${rule.workingDir}`,
  )
  await agentz.until(first.sessionId, "completed", ({ status }) => status === "completed")
  expect((await agentz.run(["rules"])).stdout).toContain(rule.ruleId)

  const second = await spawn(
    '[[bash cmd="git --version"]] [[bash cmd="git --version && touch evil.txt"]] [[bash cmd="git --version"]]',
  )
  const asked = await asking(agentz, second.sessionId)
  expect(asked.title).toContain("evil.txt")
  const session = await agentz.session(second.sessionId)
  expect(session.items.find(({ type }) => type === "tool")).toMatchObject({
    status: "completed",
    ruling: { by: "rule", decision: "allow", ruleId: rule.ruleId },
  })
  // Revoked while the daemon lives: the last call of the same turn is asked about.
  expect((await agentz.run(["rules", "revoke", rule.ruleId])).code).toBe(0)
  await agent.approve.mutate({ sessionId: second.sessionId, requestId: asked.requestId, decision: "deny" })
  const last = await agentz.until(
    second.sessionId,
    "asked about the last",
    ({ approvals }) => approvals.length === 1 && approvals[0]?.requestId !== asked.requestId,
  )
  expect(last.approvals[0]?.title).toContain("git --version")
  expect(existsSync(join(agentz.workingDir, "evil.txt"))).toBe(false)
  expect(JSON.parse((await agentz.run(["rules", "--json"])).stdout)).toEqual({ rules: [] })
  await agent.cancel.mutate({ sessionId: second.sessionId })
})

test("a rule that would not speak of the call is refused, and the question stays open", async () => {
  await using agentz = await Installation.open()
  const { agent } = agentz.client(await agentz.up())
  const { sessionId } = await agent.spawn.mutate({
    agentType: "demo",
    prompt: '[[bash cmd="ls && touch x.txt"]]',
    workingDir: agentz.workingDir,
  })
  const { requestId } = await asking(agentz, sessionId)
  const refused = await agentz.run(["approve", sessionId, requestId, "--always", "--for", "ls"])
  expect(refused.code).toBe(1)
  expect(refused.stderr).toContain("not one plain command")
  expect((await asking(agentz, sessionId)).requestId).toBe(requestId)
  await agent.cancel.mutate({ sessionId })
})

test("a mode is set while a session lives, kept over a kill, and told to whoever switches everything on", async () => {
  await using agentz = await Installation.open()
  const { agent } = agentz.client(await agentz.up())
  const { sessionId } = await agent.spawn.mutate({
    agentType: "demo",
    prompt: ONCE,
    workingDir: agentz.workingDir,
  })
  await asking(agentz, sessionId)
  const set = await agentz.run(["mode", sessionId, "bypass"])
  expect(set.stderr).toContain("Careful")
  const done = await agentz.until(sessionId, "completed", ({ status }) => status === "completed")
  expect(ranOnce(agentz)).toBe(1)
  expect(done.items.some((item) => item.type === "notice" && item.category === "permission_mode")).toBe(true)

  await agent.setMode.mutate({ sessionId, mode: "read_only" })
  await killPid(agentz.daemon(sessionId))
  while ((await livenessOf(agentz.home, sessionId)).state !== "dead") await wait(20)
  await agent.sendMessage.mutate({ sessionId, text: ONCE })
  const later = await agentz.until(
    sessionId,
    "done again",
    ({ turns, status }) => turns === 2 && status === "completed",
  )
  expect(later.permissionMode).toBe("read_only")
  expect(ranOnce(agentz)).toBe(1)
  expect((await agent.getSession.query({ sessionId })).session.permissionMode).toBe("read_only")
})

test("a message into a running turn is heard in it by the demo agent and by one with a model", async () => {
  await using model = await fakeModel()
  await using agentz = await Installation.open(model.env)
  const { agent } = agentz.client(await agentz.up())
  for (const agentType of ["demo", "openai-compatible"]) {
    const { sessionId } = await agent.spawn.mutate({
      agentType,
      prompt: '[[bash cmd="true"]] [[slow n=20 ms=50]]',
      workingDir: agentz.workingDir,
    })
    const { requestId } = await asking(agentz, sessionId)
    const { messageId } = await agent.sendMessage.mutate({
      sessionId,
      text: "[[say text=heard]]",
      mode: "steer",
    })
    await agentz.until(sessionId, "queued", ({ queue }) => queue.length === 1)
    await agent.approve.mutate({ sessionId, requestId, decision: "allow" })
    const session = await agentz.until(sessionId, "completed", ({ status }) => status === "completed")
    expect({ agentType, turns: session.turns, queue: session.queue }).toEqual({
      agentType,
      turns: 1,
      queue: [],
    })
    expect(session.items.find(({ key }) => key === messageId)).toMatchObject({ steered: true })
    expect(saidIn(session)).toContain("heard")
  }
})

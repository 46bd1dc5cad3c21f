/** agentz as other programs use it: the official client of MCP, over HTTP and over a pipe, and everything killed in between. */
import { spawn } from "node:child_process"
import { once } from "node:events"
import { mkdirSync, readdirSync, readFileSync, statSync } from "node:fs"
import { join, resolve } from "node:path"
import { createInterface } from "node:readline"
import { expect, test } from "vitest"
import { SessionId } from "#streams/ids"
import { paths } from "#streams/paths"
import { mcpAt, mcpProgram } from "../support/mcp-client.ts"
import { Installation, killHard } from "./installation.ts"
import { tokenOf } from "./mcp-token.ts"

const PROGRAM = resolve("dist/programs/agentz.js")

test("whoever started a session comes back after kill -9 of itself and of the API, and has its answer by the id", async () => {
  await using agentz = await Installation.open()
  const first = await agentz.up()
  const { token } = await tokenOf(agentz)
  const prompt = "[[slow n=60 ms=50]] [[say text=finished]]"
  const told = {
    url: `${first.api}/mcp`,
    token,
    start: {
      name: "session_spawn",
      arguments: { agent: "demo", prompt, workingDir: agentz.workingDir, idempotencyKey: "once" },
    },
    wait: { name: "session_wait", arguments: { waitSeconds: 30 } },
  }
  const caller = spawn(process.execPath, ["tests/e2e/mcp-caller.mjs", JSON.stringify(told)], {
    stdio: ["ignore", "pipe", "inherit"],
  })
  const [line] = await once(createInterface({ input: caller.stdout }), "line")
  const sessionId = SessionId.parse(JSON.parse(line).sessionId)
  await agentz.until(sessionId, "running", ({ status }) => status === "running")
  await killHard(caller)
  await killHard(first.process)

  const second = await agentz.up()
  await using mcp = await mcpAt(second.api, token)
  // Who does not know whether the start was heard asks again.
  expect(await mcp.call("session_spawn", told.start.arguments)).toEqual({ sessionId })
  let seen = await mcp.call("session_wait", { sessionId })
  while (seen.settled !== true) seen = await mcp.call("session_wait", { sessionId })
  expect(seen).toMatchObject({
    status: "completed",
    settled: true,
    answerCut: false,
    turns: 1,
    questions: [],
  })
  expect(String(seen.answer)).toMatch(/finished$/)

  const sent = await mcp.call("session_send", { sessionId, text: "[[say text=again]]" })
  const after = await mcp.call("session_wait", { sessionId, messageId: sent.messageId, waitSeconds: 50 })
  expect(after).toMatchObject({ settled: true, answer: "again", turns: 2 })
})

test("over a pipe it needs no `agentz up`, and a program that is killed is followed by one that knows as much", async () => {
  await using agentz = await Installation.open()
  const env = agentz.environment()
  let sessionId: unknown
  {
    await using mcp = await mcpProgram([PROGRAM, "mcp"], env)
    const prompt = "[[slow n=60 ms=50]] [[say text=finished]]"
    const workingDir = agentz.workingDir
    const started = await mcp.call("session_spawn", { agent: "demo", prompt, workingDir })
    sessionId = started.sessionId
    const waiting = mcp.call("session_wait", { sessionId }).catch(() => "cut off")
    process.kill(mcp.pid, "SIGKILL")
    expect(await waiting).toBe("cut off")
  }
  await using mcp = await mcpProgram([PROGRAM, "mcp"], env)
  let seen = await mcp.call("session_wait", { sessionId })
  while (seen.settled !== true) seen = await mcp.call("session_wait", { sessionId })
  expect(seen).toMatchObject({ status: "completed" })

  const slow = { agent: "demo", prompt: "[[slow n=2000 ms=50]]", workingDir: agentz.workingDir }
  const running = await mcp.call("session_spawn", slow)
  await agentz.until(SessionId.parse(running.sessionId), "running", ({ status }) => status === "running")
  expect(await mcp.call("session_wait", { ...running, waitSeconds: 0 })).toMatchObject({ settled: false })
  expect(await mcp.call("session_cancel", running)).toMatchObject({ status: "cancelled" })
  expect(await mcp.call("session_status", running)).toMatchObject({ settled: true, status: "cancelled" })
})

test("a question is told, and what is wrong is a refusal with a slug and the remedy", async () => {
  await using agentz = await Installation.open()
  await using mcp = await mcpAt((await agentz.up()).api, (await tokenOf(agentz)).token)
  const { workingDir } = agentz
  const asks = { agent: "demo", prompt: '[[bash cmd="touch made"]]', workingDir }
  const { sessionId } = await mcp.call("session_spawn", asks)
  expect(await mcp.call("session_wait", { sessionId, waitSeconds: 50 })).toMatchObject({
    settled: true,
    status: "waiting",
    questions: [{ requestId: expect.stringMatching(/^req_/), title: expect.any(String) }],
  })
  const reasonFor = async (name: string, input: Record<string, unknown>) =>
    (await mcp.refusal(name, input)).reason
  expect(await reasonFor("session_spawn", { agent: "nobody", prompt: "x", workingDir })).toBe("unknown_agent")
  expect(await reasonFor("session_spawn", { agent: "demo", prompt: " ", workingDir })).toBe("empty_prompt")
  expect(await reasonFor("session_spawn", { agent: "demo", prompt: "x", workingDir: "here" })).toBe(
    "working_dir_not_absolute",
  )
  expect(await reasonFor("session_status", { sessionId: "ses_nothing" })).toBe("unknown_session")
  expect(await reasonFor("session_frobnicate", {})).toBe("unknown_tool")
  const { reason, message } = await mcp.refusal("session_status", { session: "x" })
  expect(reason).toBe("invalid_input")
  expect(message).toContain("sessionId")
})

test("a token opens what it was made for and nothing else, until it is revoked or over", async () => {
  await using agentz = await Installation.open()
  const up = await agentz.up()
  const { workingDir } = agentz
  const below = join(workingDir, "below")
  mkdirSync(below)
  const one = await tokenOf(agentz, "--name", "one", "--cwd", below)
  const other = await tokenOf(agentz, "--sessions", "own")
  const looker = await tokenOf(agentz, "--read-only", "--sessions", "all")
  const nothing = await tokenOf(agentz, "--workflows", "nightly")

  const spawned = { agent: "demo", prompt: "[[say text=mine]]" }
  await using mine = await mcpAt(up.api, one.token)
  await using theirs = await mcpAt(up.api, other.token)
  const { sessionId } = await mine.call("session_spawn", { ...spawned, idempotencyKey: "k" })
  const others = await theirs.call("session_spawn", { ...spawned, workingDir, idempotencyKey: "k" })
  expect(others.sessionId).not.toBe(sessionId)
  const seen = await mine.call("session_wait", { sessionId, waitSeconds: 50 })
  expect(seen).toMatchObject({ answer: "mine", workingDir: below })
  for (const name of ["session_status", "session_wait", "session_cancel"])
    expect(await theirs.refusal(name, { sessionId })).toMatchObject({ reason: "unknown_session" })
  expect(await theirs.refusal("session_send", { sessionId, text: "x" })).toMatchObject({
    reason: "unknown_session",
  })
  const forbidden = { reason: "mcp_forbidden" }
  expect(await mine.refusal("session_spawn", { ...spawned, workingDir })).toMatchObject(forbidden)
  expect(await mine.refusal("session_spawn", { ...spawned, mode: "bypass" })).toMatchObject(forbidden)

  await using looking = await mcpAt(up.api, looker.token)
  expect(await looking.tools()).toEqual(expect.arrayContaining(["session_status", "session_wait"]))
  expect(await looking.tools()).not.toContain("session_spawn")
  expect(await looking.call("session_status", { sessionId })).toMatchObject({ answer: "mine" })
  expect(await looking.refusal("session_cancel", { sessionId })).toMatchObject(forbidden)
  await using empty = await mcpAt(up.api, nothing.token)
  expect((await empty.tools()).filter((name) => name.startsWith("session"))).toEqual([])

  const headers = { authorization: `Bearer ${one.token}` }
  for (const path of [
    "/trpc/agent.listSessions",
    `/v1/stream/${paths.events(SessionId.parse(sessionId))}?offset=-1`,
    `/v1/live?s=__registry__@-1`,
    "/metrics",
  ]) {
    const answer = await fetch(`${up.api}${path}`, { headers })
    expect([path, answer.status, (await answer.json()).error.reason]).toEqual([
      path,
      403,
      "mcp_token_elsewhere",
    ])
  }

  await agentz.run(["mcp", "token", "revoke", one.tokenId])
  await expect(mine.call("session_status", { sessionId })).rejects.toThrow("mcp_token_refused")
  const brief = await tokenOf(agentz, "--expires", "0m")
  await expect(mcpAt(up.api, brief.token)).rejects.toThrow("mcp_token_refused")

  const { tokens } = JSON.parse((await agentz.run(["mcp", "token", "list", "--json"])).stdout)
  expect(tokens).toHaveLength(4)
  const dir = join(agentz.home, "mcp-tokens")
  for (const name of readdirSync(dir)) {
    expect(statSync(join(dir, name)).mode & 0o777).toBe(0o600)
    const kept = readFileSync(join(dir, name), "utf8")
    for (const { token } of [one, other, looker, nothing, brief])
      expect(kept).not.toContain(token.slice(token.indexOf(".") + 1))
  }
})

/** What the agent of that session was given. */
const tokenOfAgent = (agentz: Installation, id: string): string =>
  JSON.parse(readFileSync(join(agentz.home, "sessions", id, "profile.json"), "utf8")).childrenToken

test("an agent starts sessions of its own only where that is allowed, no more than that, and none with more rights", async () => {
  await using agentz = await Installation.open()
  agentz.addPlainAgent()
  const away = await agentz.run(["run", "say x", "--agent", "plain", "--children", "2", "--json"])
  expect(JSON.parse(away.stderr).error.reason).toBe("children_need_api")
  const up = await agentz.up()
  const asked = (agent: string, prompt: string, more = {}) =>
    `mcp session_spawn ${JSON.stringify({ agent, prompt, ...more })}`
  const many = Array.from({ length: 4 }, () => asked("demo", "[[say text=child]]"))
  const script = [...many, asked("demo", "x", { mode: "bypass" }), asked("demo", "x", { workingDir: "/" })]
  const run = await agentz.run([
    ...["run", script.join("\n"), "--agent", "plain", "--children", "2", "--limit", "minutes=7", "--json"],
  ])
  const parent = SessionId.parse(JSON.parse(run.stdout.split("\n")[0] ?? "").sessionId)
  const session = await agentz.session(parent)
  const said = session.items
    .flatMap((item) => (item.type === "message" ? [item.text] : []))
    .join("")
    .replaceAll("}{", "}\n{")
    .split("\n")
    .map((line) => JSON.parse(line))
  const reasons = said.map(({ error }) => error?.reason ?? "started")
  expect(reasons).toEqual([
    ...["started", "started", "too_many_children", "too_many_children"],
    ...["mcp_forbidden", "mcp_forbidden"],
  ])

  const client = agentz.client(up)
  const { sessions } = await client.agent.listSessions.query()
  const children = sessions.filter(({ startedBy }) => startedBy === parent)
  expect(children).toHaveLength(2)
  for (const child of children) {
    expect(child).toMatchObject({
      permissionMode: "ask",
      workingDir: agentz.workingDir,
      limits: { minutes: 7 },
    })
    expect(child.mcpServers).toBeUndefined()
  }
  await using mcp = await mcpAt(up.api, tokenOfAgent(agentz, parent))
  expect(await mcp.tools()).toEqual(expect.arrayContaining(["session_spawn"]))
  expect(await mcp.refusal("session_status", { sessionId: parent })).toMatchObject({
    reason: "unknown_session",
  })
  const [child] = children
  expect(await mcp.call("session_wait", { sessionId: child?.sessionId, waitSeconds: 50 })).toMatchObject({
    answer: "child",
  })
  expect((await agentz.run(["mcp", "token", "revoke", parent])).code).toBe(0)
  await expect(mcp.call("session_status", { sessionId: child?.sessionId })).rejects.toThrow(
    "mcp_token_refused",
  )
})

test("of many starts at once by an agent exactly as many come about as it may have, over all generations", async () => {
  await using agentz = await Installation.open()
  agentz.addPlainAgent()
  const up = await agentz.up()
  const { agent } = agentz.client(up)
  const { sessionId } = await agent.spawn.mutate({
    agentType: "plain",
    prompt: "say here",
    workingDir: agentz.workingDir,
    children: { most: 3, depth: 2 },
  })
  await using mcp = await mcpAt(up.api, tokenOfAgent(agentz, sessionId))
  const first = await mcp.call("session_spawn", { agent: "plain", prompt: "say here" })
  await using child = await mcpAt(up.api, tokenOfAgent(agentz, String(first.sessionId)))
  const starts = [mcp, child, mcp, child, mcp, child].map((client) =>
    client.call("session_spawn", { agent: "plain", prompt: "say here" }).then(
      ({ sessionId: id }) => String(id),
      (error) => (String(error).includes("too_many_children") ? null : String(error)),
    ),
  )
  const started = (await Promise.all(starts)).filter((one) => one !== null)
  expect(started.map((id) => SessionId.safeParse(id).success)).toEqual([true, true])
  const { sessions } = await agent.listSessions.query()
  expect(sessions).toHaveLength(4)
  const grandchild = sessions.find(({ startedBy }) => startedBy === first.sessionId)
  if (grandchild !== undefined) expect(grandchild.mcpServers).toBeUndefined()
})

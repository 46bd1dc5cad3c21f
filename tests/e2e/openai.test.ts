/** The agent with a model behind it, against a model server that runs here. */
import { existsSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"
import { createFakeModel } from "../fixtures/fake-model/server.mjs"
import { Installation, killPid, saidIn } from "./installation.ts"

async function fakeModel() {
  const model = createFakeModel()
  const port = await model.listen(0)
  return {
    env: {
      OPENAI_BASE_URL: `http://127.0.0.1:${port}/v1`,
      OPENAI_API_KEY: "sk-canary-1234567890",
      OPENAI_MODEL: "fake-model",
    },
    [Symbol.asyncDispose]: () => model.close(),
  }
}

const AGENT = ["--agent", "openai-compatible"]

test("agentz run with a model edits real files, and show tells what it did", async () => {
  await using model = await fakeModel()
  await using agentz = await Installation.open(model.env)
  writeFileSync(join(agentz.workingDir, "a.txt"), "one two three\n")
  const prompt =
    '[[read path=a.txt]] [[edit path=a.txt old=two new=2]] [[bash cmd="cp a.txt b.txt"]] [[say text="Changed it."]]'
  const { code, stdout } = await agentz.run(["run", prompt, ...AGENT, "--mode", "bypass"])
  expect(code).toBe(0)
  expect(stdout).toContain("Changed it.")
  expect(readFileSync(join(agentz.workingDir, "b.txt"), "utf8")).toBe("one 2 three\n")
  const sessionId = /ses_[a-z0-9]+/.exec((await agentz.run(["ls", "--json"])).stdout)?.[0] ?? ""
  const shown = await agentz.run(["show", sessionId])
  expect(shown.stdout).toContain("a.txt")
  expect(shown.stdout).toContain("Changed it.")
  expect(shown.stdout).toMatch(/tokens/)
})

test("a conversation with a model is continued by the next daemon after kill -9", async () => {
  await using model = await fakeModel()
  await using agentz = await Installation.open(model.env)
  await agentz.up()
  const sessionId = await agentz.spawn("Remember the green lamp. [[slow n=200 ms=50]]", ...AGENT)
  await agentz.until(sessionId, "streaming", (session) => saidIn(session).length > 20)
  await killPid(agentz.daemon(sessionId))
  await agentz.until(sessionId, "interrupted", ({ status }) => status === "interrupted", 20_000)
  await agentz.run(["send", sessionId, "[[recall]]"])
  const session = await agentz.until(sessionId, "completed", ({ status }) => status === "completed")
  expect(saidIn(session)).toContain("green lamp")
})

test("a permission that a model's call waited for is answered after the kill, and the call runs once", async () => {
  await using model = await fakeModel()
  await using agentz = await Installation.open(model.env)
  const { agent } = agentz.client(await agentz.up())
  const { sessionId } = await agent.spawn.mutate({
    agentType: "openai-compatible",
    prompt: '[[bash cmd="echo ran >> once.txt"]] [[say text=finished]]',
    workingDir: agentz.workingDir,
  })
  const { approvals } = await agentz.until(sessionId, "waiting", ({ status }) => status === "waiting")
  const requestId = approvals[0]?.requestId
  if (!requestId) throw new Error("Nothing was asked.")
  await killPid(agentz.daemon(sessionId))
  await agentz.until(sessionId, "interrupted", ({ status }) => status === "interrupted", 20_000)
  expect(existsSync(join(agentz.workingDir, "once.txt"))).toBe(false)
  await agent.approve.mutate({ sessionId, requestId, decision: "allow" })
  await agentz.until(sessionId, "completed", ({ status }) => status === "completed")
  expect(readFileSync(join(agentz.workingDir, "once.txt"), "utf8")).toBe("ran\n")
})

test("a model that cannot be reached ends the turn as failed, with what to do about it", async () => {
  await using agentz = await Installation.open({
    OPENAI_BASE_URL: "http://127.0.0.1:9/v1",
    OPENAI_MODEL: "any",
  })
  const { code, stdout, stderr } = await agentz.run(["run", "hello", ...AGENT])
  expect(code).toBe(1)
  expect(stdout + stderr).toContain("OPENAI_BASE_URL")
})

test("no key of the agent is in its tools' environment, in any stream, log or file of the home", async () => {
  await using model = await fakeModel()
  await using agentz = await Installation.open(model.env)
  const sessionId = await agentz.spawn('[[bash cmd="env"]] [[say text=done]]', ...AGENT)
  await agentz.until(sessionId, "completed", ({ status }) => status === "completed")
  expect(JSON.stringify(await agentz.events(sessionId))).not.toContain("sk-canary")
  const { code } = await new Promise<{ code: number | null }>((done) =>
    import("node:child_process").then(({ spawn }) =>
      spawn("grep", ["-rq", "sk-canary", agentz.home]).once("exit", (exit) => done({ code: exit })),
    ),
  )
  expect(code).toBe(1)
})

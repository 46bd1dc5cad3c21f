import { readFile, rm, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { expect, test, vi } from "vitest"
import type { OpenAdapter } from "#daemon/agents/adapter"
import { adapters } from "#daemon/agents/index"
import { describeAgent } from "../../conformance/agent.ts"
import { AgentSession, type SessionOptions } from "../../support/agent-session.ts"
import { tempDir } from "../../support/temp-dir.ts"

const adapter = (): OpenAdapter => {
  const { demo } = adapters
  if (!demo) throw new Error("no demo agent")
  return demo
}

describeAgent("the demo agent", adapter, async () => ({
  env: { AGENTZ_DEMO_SPEED: "100", SOME_API_KEY: "secret" },
  [Symbol.asyncDispose]: async () => undefined,
}))

const open = (workingDir: string, options: Partial<SessionOptions> = {}) =>
  AgentSession.open({ adapter: adapter(), workingDir, env: { AGENTZ_DEMO_SPEED: "100" }, ...options })

test("a newcomer's first words get a tour that plans, reads, asks and really writes a file", async () => {
  await using dir = await tempDir()
  await writeFile(join(dir.path, "README.md"), "# A boat\n")
  await using session = await open(dir.path)

  expect(await session.prompt("build me a boat")).toMatchObject({ stopReason: "end_turn" })

  expect(session.text).toContain("demo agent")
  expect(session.text).toContain("“# A boat”")
  expect(session.asks).toMatchObject([{ toolCall: { title: "Create agentz-demo.md", kind: "edit" } }])
  expect(session.session.plan.map(({ status }) => status)).toEqual(Array(4).fill("completed"))
  expect(session.itemsOf("tool").map(({ title, status }) => [title, status])).toEqual([
    ["List .", "completed"],
    ["Read README.md", "completed"],
    ["Create agentz-demo.md", "completed"],
  ])
  expect(await readFile(join(dir.path, "agentz-demo.md"), "utf8")).toContain("- Message 1: build me a boat\n")
  expect(session.itemsOf("thought")).toHaveLength(1)
})

test("a second message is answered with a look back, and appends to the note", async () => {
  await using dir = await tempDir()
  await using session = await open(dir.path)
  await session.prompt("build me a boat")
  await session.prompt("now a rudder")

  expect(session.text).toContain("Earlier you wrote “build me a boat”")
  expect(await readFile(join(dir.path, "agentz-demo.md"), "utf8")).toContain(
    "- Message 1: build me a boat\n- Message 2: now a rudder\n",
  )
})

test("a refused change changes nothing, and the agent says what it would have done", async () => {
  await using dir = await tempDir()
  await using session = await open(dir.path, { decide: () => "deny" })
  await session.prompt("hello")

  expect(session.text).toContain("I would have added one line")
  expect(session.itemsOf("tool").at(-1)).toMatchObject({ status: "failed", interrupted: false })
  await expect(readFile(join(dir.path, "agentz-demo.md"))).rejects.toThrow("ENOENT")
})

test("a script is played in order, and its tools really work", async () => {
  await using dir = await tempDir()
  await using session = await open(dir.path)
  await session.prompt(
    `[[think n=2]] [[write path=a.txt content="one\\ntwo\\n"]] [[edit path=a.txt old=two new=three]]` +
      `[[bash cmd="cat a.txt"]] [[read path=a.txt]] [[list]] [[grep pattern=thr]] [[say text="all done"]]`,
  )

  expect(session.itemsOf("tool").map(({ title, output }) => [title, output])).toEqual([
    ["Create a.txt", "Created a.txt (8 characters)."],
    ["Edit a.txt", "Edited a.txt."],
    ["Run cat a.txt", "one\nthree"],
    ["Read a.txt", "one\nthree\n"],
    ["List .", "a.txt"],
    ['Search "thr"', "./a.txt:2:three"],
  ])
  expect(session.asks).toHaveLength(3)
  expect(session.text).toBe("all done")
})

test("ask=no skips the question", async () => {
  await using dir = await tempDir()
  await using session = await open(dir.path, { decide: () => "deny" })
  await session.prompt("[[write path=a.txt ask=no]] [[ask title=Launch]]")

  expect(session.itemsOf("tool").map(({ status }) => status)).toEqual(["completed", "failed"])
  expect(session.asks).toMatchObject([{ toolCall: { title: "Launch", rawInput: { title: "Launch" } } }])
})

test("huge says exactly as much as was asked for", async () => {
  await using dir = await tempDir()
  await using session = await open(dir.path)
  await session.prompt("[[huge mb=1 chunk=65536]]")
  expect(session.text).toHaveLength(1024 * 1024)
})

test("an error ends the turn with a failure fit to show", async () => {
  await using dir = await tempDir()
  await using session = await open(dir.path)
  await expect(session.prompt("[[error status=401 message=no]]")).rejects.toMatchObject({
    data: { code: "provider_auth", message: "no" },
  })
  expect(session.session.status).toBe("failed")
  await session.prompt("[[say text=again]]")
  expect(session.session.status).toBe("completed")
})

test("an error with a number of times is tried again so often, and told", async () => {
  await using dir = await tempDir()
  await using session = await open(dir.path)
  await session.prompt("[[error status=503 times=2]] [[say text=through]]")
  expect(session.itemsOf("notice")).toHaveLength(2)
  expect(session.text).toBe("through")
})

test("a working directory that is gone ends the turn with a failure that says so", async () => {
  await using dir = await tempDir()
  await using session = await open(dir.path)
  await rm(dir.path, { recursive: true })
  await expect(session.prompt("hello")).rejects.toMatchObject({ data: { code: "working_dir_missing" } })
})

test("hang answers nothing until it is cancelled", async () => {
  await using dir = await tempDir()
  await using session = await open(dir.path)
  const turn = session.prompt("[[say text=x]] [[hang]]")
  await session.saw(({ text }) => text === "x")
  await session.cancel()
  expect(await turn).toEqual({ stopReason: "cancelled" })
})

test("crash kills the process it runs in, once its call is told", async () => {
  await using dir = await tempDir()
  const kill = vi.spyOn(process, "kill").mockReturnValue(true)
  try {
    await using session = await open(dir.path)
    await session.prompt("[[crash]]")
    expect(kill).toHaveBeenCalledWith(process.pid, "SIGKILL")
    expect(session.itemsOf("tool")).toMatchObject([{ title: "Kill this daemon" }])
  } finally {
    kill.mockRestore()
  }
})

test("a call that was running at a kill is not run again", async () => {
  await using dir = await tempDir()
  await using session = await open(dir.path)
  const command = `[[bash cmd="echo x >> log; sleep 30" ask=no]] [[crash]] [[say text=end]]`
  session.prompt(command).catch(noted)
  await session.saw(({ items }) =>
    items.some((item) => item.type === "tool" && item.status === "in_progress"),
  )
  await vi.waitFor(() => readFile(join(dir.path, "log")))
  const kill = vi.spyOn(process, "kill")
  try {
    await using again = await session.interrupt()
    const resumed = again.resume().catch(noted)
    await again.saw(({ items }) =>
      items.some((item) => item.type === "tool" && item.title === "Kill this daemon"),
    )
    await using last = await again.interrupt()
    await resumed
    await last.resume()

    expect(last.itemsOf("tool")).toHaveLength(2)
    expect(last.text.match(/do not know whether it worked/g)).toHaveLength(2)
    expect(last.itemsOf("message").at(-1)?.text).toBe("end")
    expect(await readFile(join(dir.path, "log"), "utf8")).toBe("x\n")
    expect(kill).not.toHaveBeenCalledWith(process.pid, "SIGKILL")
  } finally {
    kill.mockRestore()
  }
})

test("what leaves no trace is not done again before the step that was cut off", async () => {
  await using dir = await tempDir()
  await using session = await open(dir.path, { decide: () => null })
  session
    .prompt("[[plan entries='a; b' done=1]] [[delay ms=10]] [[ask]] [[plan entries='a; b' done=2]]")
    .catch(noted)
  await session.saw(({ asks }) => asks.length === 1)
  await using next = await session.interrupt({ decide: () => "allow" })
  await next.resume()
  expect(next.updates.filter(({ sessionUpdate }) => sessionUpdate === "plan")).toHaveLength(1)
  expect(next.session.plan.map(({ status }) => status)).toEqual(["completed", "completed"])
})

const noted = () => undefined

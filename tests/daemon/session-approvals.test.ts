/** Questions and answers in the loop of a daemon, over kills of it. */
import { mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"
import { RuleId } from "#streams/ids"
import type { Rule } from "#streams/rule"
import { type ScriptedTurn, SessionLoop } from "../support/session-loop.ts"
import { tempDir } from "../support/temp-dir.ts"

const BUILD = { title: "make build", kind: "execute", rawInput: { command: "make build" } } as const

const asks = (call: Parameters<ScriptedTurn["ask"]>[0], answers: string[]) => async (turn: ScriptedTurn) => {
  answers.push(await turn.ask(call))
}
const rule = (sessionId: SessionLoop["sessionId"], words: string[]): Rule => ({
  ruleId: RuleId.parse("rul_a"),
  scope: "session",
  sessionId,
  workingDir: "/",
  agentType: "scripted",
  kind: "execute",
  match: { type: "command", words },
  decision: "allow",
  createdAt: "",
})
const resolutions = (loop: SessionLoop) =>
  loop.events.flatMap((event) => (event.type === "permission_resolved" ? [event] : []))

test("the first of two answers is the one the agent hears", async () => {
  const answers: string[] = []
  await using loop = new SessionLoop({ script: asks(BUILD, answers) })
  loop.send("build")
  await loop.until("asked", ({ approvals }) => approvals.length === 1)
  const [{ requestId } = { requestId: undefined }] = loop.session.approvals
  if (!requestId) throw new Error("Nothing is asked.")
  loop.ask({ type: "permission_response", requestId, decision: "deny" })
  loop.ask({ type: "permission_response", requestId, decision: "allow" })
  await loop.until("over", ({ status }) => status === "completed")
  expect(answers).toEqual(["no"])
  expect(resolutions(loop)).toMatchObject([{ decision: "deny", by: "user", delivered: true }])
})

test("“always” is allowed once each time: the agent's own always would reach further than our rule", async () => {
  const answers: string[] = []
  await using loop = new SessionLoop({ script: asks(BUILD, answers) })
  loop.send("build")
  await loop.until("asked", ({ approvals }) => approvals.length === 1)
  loop.answer("allow_always")
  await loop.until("over", ({ status }) => status === "completed")
  expect(answers).toEqual(["yes"])
})

test("cancel answers all that is open, and what is asked after it", async () => {
  const answers: string[] = []
  await using loop = new SessionLoop({
    script: async (turn) => {
      const three = ["a", "b", "c"].map((title) => turn.ask({ title, kind: "other", rawInput: title }))
      answers.push(...(await Promise.all(three)), await turn.ask({ title: "late", kind: "other" }))
    },
  })
  loop.send("do three things")
  await loop.until("asked", ({ approvals }) => approvals.length === 3)
  loop.ask({ type: "cancel_requested" })
  const session = await loop.until("over", ({ status }) => status === "cancelled")
  expect(session.approvals).toEqual([])
  await expect.poll(() => answers).toEqual(["cancelled", "cancelled", "cancelled", "cancelled"])
  expect(resolutions(loop).map(({ decision }) => decision)).toEqual(["cancelled", "cancelled", "cancelled"])
})

test("an answer that was given after a kill is used once, for exactly that call", async () => {
  const first = new SessionLoop({ script: asks(BUILD, []) })
  first.send("build")
  await first.until("asked", ({ approvals }) => approvals.length === 1)
  first.answer("allow")
  const left = first.killed()

  const answers: string[] = []
  await using loop = new SessionLoop({
    from: left,
    resume: true,
    script: async (turn) => {
      answers.push(await turn.ask(BUILD))
      answers.push(await turn.ask(BUILD))
    },
  })
  await loop.until("asked again", ({ approvals }) => approvals.length === 1 && answers.length === 1)
  expect(loop.prompts).toEqual([
    "The previous turn was interrupted because its process ended. Your last tool call (make build) was interrupted " +
      "while waiting for approval and was not run. It is now approved; run it again. Continue where you stopped.",
  ])
  loop.answer("deny")
  await loop.until("over", ({ status }) => status === "completed")
  expect(answers).toEqual(["yes", "no"])
})

/** As Codex asks for a tool of an MCP server. */
const asksById = (tool: string, answers: string[]) => async (turn: ScriptedTurn) => {
  const call = { toolCallId: `call-of-${tool}`, kind: "execute" } as const
  const told = { ...call, title: `mcp.own.${tool}`, rawInput: { tool } }
  await turn.update({ sessionUpdate: "tool_call", ...told, status: "in_progress" })
  answers.push(await turn.ask({ ...call, title: null }))
}

test("a call that is asked for by its id alone is shown as it was told, and its answer is used for no other", async () => {
  const first = new SessionLoop({ script: asksById("look", []) })
  first.send("look")
  const { approvals } = await first.until("asked", ({ approvals }) => approvals.length === 1)
  expect(approvals).toMatchObject([{ title: "mcp.own.look", input: { tool: "look" } }])
  first.answer("allow")
  const left = first.killed()

  const answers: string[] = []
  await using loop = new SessionLoop({
    from: left,
    resume: true,
    script: async (turn) => {
      await asksById("look", answers)(turn)
      await asksById("erase", answers)(turn)
    },
  })
  await loop.until("asked again", ({ approvals }) => approvals.length === 1 && answers.length === 1)
  expect(loop.session.approvals).toMatchObject([{ title: "mcp.own.erase" }])
  loop.answer("deny")
  await loop.until("over", ({ status }) => status === "completed")
  expect(answers).toEqual(["yes", "no"])
})

test.each([
  ["another command", { ...BUILD, rawInput: { command: "make build install" } }],
  ["another kind", { ...BUILD, kind: "other" as const }],
])("an answer is not used for %s", async (_, call) => {
  const first = new SessionLoop({ script: asks(BUILD, []) })
  first.send("build")
  await first.until("asked", ({ approvals }) => approvals.length === 1)
  first.answer("allow")
  const answers: string[] = []
  await using loop = new SessionLoop({ from: first.killed(), resume: true, script: asks(call, answers) })
  await loop.until("asked anew", ({ approvals }) => approvals.length === 2)
  expect(answers).toEqual([])
  loop.ask({ type: "cancel_requested" })
  await loop.until("over", ({ status }) => status === "cancelled")
})

test("a project whose agent configuration changed meanwhile is asked anew, whatever was answered", async () => {
  await using dir = await tempDir()
  const workingDir = dir.path
  const first = new SessionLoop({ workingDir, script: asks(BUILD, []) })
  first.send("build")
  await first.until("asked", ({ approvals }) => approvals.length === 1)
  first.answer("allow")
  const left = first.killed()
  mkdirSync(join(workingDir, ".claude"))
  writeFileSync(join(workingDir, ".claude/settings.json"), '{"hooks":{}}')

  const answers: string[] = []
  await using loop = new SessionLoop({ workingDir, from: left, resume: true, script: asks(BUILD, answers) })
  await loop.until("asked anew", ({ approvals }) => approvals.length === 1 && loop.prompts.length === 1)
  expect(loop.prompts[0]).toContain("must be asked again")
  expect(resolutions(loop)).toMatchObject([{ decision: "cancelled", delivered: false }])
  await loop.until("a new one", ({ items }) => items.filter(({ type }) => type === "permission").length === 2)
  loop.answer("allow")
  await loop.until("over", ({ status }) => status === "completed")
  expect(answers).toEqual(["yes"])
})

test("a call that was refused after a kill is told to the agent with the reason", async () => {
  const first = new SessionLoop({ script: asks(BUILD, []) })
  first.send("build")
  await first.until("asked", ({ approvals }) => approvals.length === 1)
  first.answer("deny", { note: "use ninja" })
  await using loop = new SessionLoop({ from: first.killed(), resume: true, script: async () => undefined })
  await loop.until("over", ({ status }) => status === "completed")
  expect(loop.prompts[0]).toContain("It was refused: use ninja; continue without it.")
  expect(resolutions(loop)).toMatchObject([{ decision: "deny", note: "use ninja", delivered: false }])
})

test("a call that was already allowed and running is never granted again: its outcome is unknown", async () => {
  const first = new SessionLoop({
    script: async (turn) => {
      await turn.ask(BUILD)
      await new Promise(() => undefined)
    },
  })
  first.send("build")
  await first.until("asked", ({ approvals }) => approvals.length === 1)
  first.answer("allow")
  await first.until("allowed", ({ approvals }) => approvals.length === 0)
  const answers: string[] = []
  await using loop = new SessionLoop({ from: first.killed(), resume: true, script: asks(BUILD, answers) })
  await loop.until("asked anew", ({ approvals }) => approvals.length === 1)
  expect(loop.prompts[0]).not.toContain("approved")
  expect(answers).toEqual([])
  loop.answer("deny")
  await loop.until("over", ({ status }) => status === "completed")
})

test("what came with a refusal is said to an agent that could not hear it, as a message into its turn", async () => {
  const heard: string[] = []
  await using loop = new SessionLoop({
    script: async (turn) => {
      await turn.ask(BUILD)
      heard.push(await turn.heard())
    },
  })
  loop.send("build")
  await loop.until("asked", ({ approvals }) => approvals.length === 1)
  loop.answer("deny", { note: "use ninja" })
  const session = await loop.until("over", ({ status }) => status === "completed")
  expect(heard).toEqual(["About “make build”, which I refused: use ninja"])
  expect(session.queue).toEqual([])
})

test("an agent whose only refusal is to stop is shown as that, and its own options can be chosen", async () => {
  const answers: string[] = []
  const options = [
    { optionId: "once", name: "Yes", kind: "allow_once" as const },
    { optionId: "with-tests", name: "Yes, and run the tests", kind: "allow_once" as const },
    { optionId: "cancel", name: "No, and tell it what to do", kind: "reject_once" as const },
  ]
  await using loop = new SessionLoop({
    script: async (turn) => void answers.push(await turn.ask(BUILD, options)),
  })
  loop.send("build")
  const asking = await loop.until("asked", ({ approvals }) => approvals.length === 1)
  expect(asking.approvals[0]).toMatchObject({
    denyEndsTurn: true,
    decisions: ["allow", "allow_always", "deny"],
    options: [
      { optionId: "once", name: "Yes", decision: "allow" },
      { optionId: "with-tests", decision: "allow" },
      { optionId: "cancel", decision: "deny" },
    ],
  })
  loop.answer("allow", { optionId: "with-tests" })
  await loop.until("over", ({ status }) => status === "completed")
  expect(answers).toEqual(["with-tests"])
})

test("a call that a rule allows is not asked about, and the transcript says so", async () => {
  const answers: string[] = []
  await using loop = new SessionLoop({ script: asks(BUILD, answers) })
  loop.setRules([rule(loop.sessionId, ["make"])])
  loop.send("build")
  const session = await loop.until("over", ({ status }) => status === "completed")
  expect(answers).toEqual(["yes"])
  expect(loop.types()).not.toContain("permission_request")
  expect(session.items.find(({ type }) => type === "tool")).toMatchObject({
    ruling: {
      decision: "allow",
      by: "rule",
      ruleId: "rul_a",
      reason: "rule: may run commands that begin with “make”",
    },
  })
})

test("a rule that is made while a question is open answers it, and one that is revoked answers nothing", async () => {
  const answers: string[] = []
  await using loop = new SessionLoop({
    script: async (turn) => {
      answers.push(await turn.ask(BUILD))
      answers.push(await turn.ask(BUILD))
    },
  })
  loop.send("build")
  await loop.until("asked", ({ approvals }) => approvals.length === 1)
  loop.setRules([rule(loop.sessionId, ["make"])])
  loop.setRules([])
  await loop.until("asked again", ({ approvals }) => approvals.length === 1 && answers.length === 1)
  expect(resolutions(loop)).toMatchObject([{ decision: "allow", by: "rule", ruleId: "rul_a" }])
  loop.answer("deny")
  await loop.until("over", ({ status }) => status === "completed")
  expect(answers).toEqual(["yes", "no"])
})

test("a mode that is set while a question is open answers it, and is kept over a kill", async () => {
  const answers: string[] = []
  const loop = new SessionLoop({ script: asks(BUILD, answers) })
  loop.send("build")
  await loop.until("asked", ({ approvals }) => approvals.length === 1)
  loop.ask({ type: "set_mode", mode: "bypass" })
  await loop.until("over", ({ status }) => status === "completed")
  expect(answers).toEqual(["yes"])
  expect(resolutions(loop)).toMatchObject([{ decision: "allow", by: "mode", reason: "mode bypass" }])
  loop.ask({ type: "set_mode", mode: "read_only" })
  const left = loop.killed()

  await using next = new SessionLoop({ from: left, script: asks(BUILD, answers) })
  next.send("build again")
  const session = await next.until("over", ({ status, turns }) => status === "completed" && turns === 2)
  expect(answers).toEqual(["yes", "no"])
  expect(session.permissionMode).toBe("read_only")
  expect(next.events.flatMap((event) => (event.type === "mode_changed" ? [event.mode] : []))).toEqual([
    "bypass",
    "read_only",
  ])
})

test("neither bypass nor a rule opens what a rule or read only has closed", async () => {
  const answers: string[] = []
  await using loop = new SessionLoop({ mode: "bypass", script: asks(BUILD, answers) })
  loop.setRules([{ ...rule(loop.sessionId, ["make"]), decision: "deny" }])
  loop.send("build")
  await loop.until("over", ({ turns, status }) => turns === 1 && status === "completed")
  loop.setRules([rule(loop.sessionId, ["make"])])
  loop.ask({ type: "set_mode", mode: "read_only" })
  loop.send("build")
  await loop.until("over", ({ turns, status }) => turns === 2 && status === "completed")
  expect(answers).toEqual(["no", "no"])
})

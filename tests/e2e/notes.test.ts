/** What an agent noted on where it stands outlives it, and it is given it back. */
import { readdirSync, rmSync } from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"
import type { Session } from "#streams/session"
import { repository } from "../support/repository.ts"
import { Installation, saidIn } from "./installation.ts"

const NOTE = "Wrote a.txt; next comes b.txt."
const note = `[[checkpoint text="${NOTE}" data='{"step":1}']]`
const notesIn = ({ items }: Session) => items.filter((item) => item.type === "note")

test("an agent whose daemon is killed goes on with its last note, and so does a fork", async () => {
  await using at = await repository()
  await using agentz = await Installation.open({ AGENTZ_IDLE_SECONDS: "0.2" })
  const { agent } = agentz.client(await agentz.up())
  const script = `[[bash cmd="echo two > a.txt"]] ${note} [[crash]] [[recall]]`
  const sessionId = await agentz.spawn(script, "--cwd", at.path)
  const cut = await agentz.until(sessionId, "interrupted", ({ status }) => status === "interrupted")
  expect(cut.note).toMatchObject({ text: NOTE, data: { step: 1 }, turn: 1, forgotten: "interrupted" })
  const ref = `refs/agentz/${sessionId}/${cut.note?.checkpoint}`
  expect(at.git(["show", `${ref}:a.txt`])).toBe("two\n")

  await agent.resume.mutate({ sessionId })
  const done = await agentz.until(sessionId, "over", ({ status }) => status === "completed")
  expect(notesIn(done)).toMatchObject([
    { text: NOTE, given: null },
    { text: NOTE, given: "interrupted" },
  ])
  expect(saidIn(done)).toContain(`NOTE ${NOTE}`)
  const shown = (await agentz.run(["show", sessionId])).stdout
  expect(shown).toContain(`✎ Note of the agent · files of checkpoint ${cut.note?.checkpoint}`)
  expect(shown).toContain("The agent was given its last note again: it was cut off")
  expect(JSON.parse((await agentz.run(["show", sessionId, "--json"])).stdout).session.note.text).toBe(NOTE)

  await agentz.run(["send", sessionId, "[[recall]]"])
  const told = await agentz.until(
    sessionId,
    "over again",
    ({ turns, status }) => turns === 3 && status === "completed",
  )
  expect(notesIn(told)).toHaveLength(2)

  const fork = JSON.parse(
    (await agentz.run(["fork", sessionId, "[[recall]]", "--detach", "--json"])).stdout,
  ).sessionId
  const forked = await agentz.until(
    fork,
    "over",
    ({ turns, status }) => turns === 4 && status === "completed",
  )
  expect(notesIn(forked).at(-1)).toMatchObject({ text: NOTE, given: "forked" })
  expect(saidIn(forked).split(`NOTE ${NOTE}`)).toHaveLength(3)
})

test("an agent that is a process of its own keeps notes by MCP, and has the last one when it lost its memory", async () => {
  await using agentz = await Installation.open({ AGENTZ_IDLE_SECONDS: "0.2" })
  agentz.addPlainAgent()
  await agentz.up()
  const parked = (turns: number) => (session: Session) => session.turns === turns && session.daemon === null
  const prompt = `mcp checkpoint ${JSON.stringify({ text: NOTE })}\nmcp prime {}\nmcp session_spawn {}`
  const sessionId = await agentz.spawn(prompt, "--agent", "plain", "--cwd", agentz.workingDir)
  const first = await agentz.until(sessionId, "parked", parked(1))
  expect(first.note).toMatchObject({ text: NOTE, forgotten: null })
  expect(saidIn(first)).toContain(`"text":"${NOTE}"`)
  expect(saidIn(first)).toContain("session_spawn not found")

  await agentz.run(["send", sessionId, "recall"])
  const second = await agentz.until(sessionId, "parked again", parked(2))
  expect(notesIn(second)).toHaveLength(1)
  for (const name of readdirSync(agentz.workingDir))
    if (name.startsWith("plain-")) rmSync(join(agentz.workingDir, name))
  await agentz.run(["send", sessionId, "say lost"])
  await agentz.until(sessionId, "parked for the third time", parked(3))
  await agentz.run(["send", sessionId, "recall"])
  const last = await agentz.until(sessionId, "parked at last", parked(4))
  expect(notesIn(last)).toMatchObject([{ given: null }, { given: "memory_lost" }])
  expect(saidIn(last).split("before: ").at(-1)).toContain(NOTE)
})

test("an agent that reaches no server over HTTP has its notes by a program", async () => {
  await using agentz = await Installation.open()
  agentz.addPlainAgent({ PLAIN_MCP: "stdio" })
  await agentz.up()
  const prompt = `mcp checkpoint ${JSON.stringify({ text: NOTE })}`
  const sessionId = await agentz.spawn(prompt, "--agent", "plain", "--cwd", agentz.workingDir)
  const session = await agentz.until(sessionId, "over", ({ status }) => status === "completed")
  expect(session.note).toMatchObject({ text: NOTE })
})

test("where the user wants no notes there are no tools for them", async () => {
  await using agentz = await Installation.open({ AGENTZ_NOTES: "0" })
  agentz.addPlainAgent()
  await agentz.up()
  const plain = await agentz.spawn("servers", "--agent", "plain", "--cwd", agentz.workingDir)
  expect(saidIn(await agentz.until(plain, "over", ({ status }) => status === "completed"))).toBe("[]")
  const demo = await agentz.spawn(note, "--cwd", agentz.workingDir)
  const done = await agentz.until(demo, "over", ({ status }) => status === "completed")
  expect(done.items.find((item) => item.type === "tool")).toMatchObject({
    status: "failed",
    output: "There are no notes in this session: go on without.",
  })
})

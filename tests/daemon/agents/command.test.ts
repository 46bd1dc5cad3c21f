import { writeFile } from "node:fs/promises"
import { join } from "node:path"
import { expect, test } from "vitest"
import type { OpenAdapter } from "#daemon/agents/adapter"
import { adapters } from "#daemon/agents/index"
import { COMMAND_AGENT, type Program } from "#streams/workflow/program"
import { AgentSession } from "../../support/agent-session.ts"
import { tempDir } from "../../support/temp-dir.ts"

const adapter: OpenAdapter = (client, options) => {
  const open = adapters[COMMAND_AGENT]
  if (!open) throw new Error("no command agent")
  return open(client, options)
}

async function ran(program: Program) {
  const dir = await tempDir()
  await writeFile(join(dir.path, "here.txt"), "here\n")
  const session = await AgentSession.open({ adapter, workingDir: dir.path })
  await using _both = {
    [Symbol.asyncDispose]: async () => {
      await session[Symbol.asyncDispose]()
      await dir[Symbol.asyncDispose]()
    },
  }
  const end = await session.prompt(JSON.stringify(program)).catch((error: unknown) => error)
  const exit = session.updates.flatMap(({ _meta }) => _meta?.terminal_exit ?? []).at(-1)
  return { end, exit, call: session.itemsOf("tool").at(0), asks: session.asks }
}

test("a line for the shell is run in the working directory, and nobody is asked", async () => {
  const { end, exit, call, asks } = await ran({ command: "cat here.txt && echo $WORD", env: { WORD: "up" } })
  expect(end).toMatchObject({ stopReason: "end_turn" })
  expect(call).toMatchObject({ kind: "execute", status: "completed", output: "here\nup\n" })
  expect(exit).toEqual({ exit_code: 0, signal: null })
  expect(asks).toEqual([])
})

test("a list is a program and its arguments, which no shell reads", async () => {
  const { call } = await ran({ command: ["echo", "$HOME; false"] })
  expect(call).toMatchObject({ output: "$HOME; false\n", status: "completed" })
})

test("an exit code is told, and the turn has come to its end all the same", async () => {
  const { end, exit, call } = await ran({ command: "echo no; exit 3" })
  expect(end).toMatchObject({ stopReason: "end_turn" })
  expect(call).toMatchObject({ status: "failed", output: "no\n" })
  expect(exit).toEqual({ exit_code: 3, signal: null })
})

test("a program that does not end in time is ended, and what it printed is kept", async () => {
  const { end, call } = await ran({ command: "echo begun; sleep 60", timeoutMs: 400 })
  expect(end).toMatchObject({ data: { code: "command_timeout" } })
  expect(call).toMatchObject({ status: "failed", output: "begun\n" })
})

test("a program that is not there is a failure that names it", async () => {
  const { end } = await ran({ command: ["no-such-program-anywhere"] })
  expect(end).toMatchObject({ data: { code: "command_not_started" } })
  expect(String(end)).toContain("no-such-program-anywhere")
})

test("what is no program is refused", async () => {
  const dir = await tempDir()
  await using session = await AgentSession.open({ adapter, workingDir: dir.path })
  await expect(session.prompt("hello")).rejects.toMatchObject({ data: { code: "command_unreadable" } })
  await dir[Symbol.asyncDispose]()
})

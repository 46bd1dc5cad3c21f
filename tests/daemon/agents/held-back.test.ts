import { join } from "node:path"
import { expect, test } from "vitest"
import type { OpenAdapter } from "#daemon/agents/adapter"
import { adapterOf } from "#daemon/agents/index"
import { processAgent } from "#daemon/agents/process/process-agent"
import { wait } from "#streams/transport"
import { AgentSession } from "../../support/agent-session.ts"
import { tempDir } from "../../support/temp-dir.ts"

const plain = (state: string): OpenAdapter =>
  processAgent(async () => ({
    command: process.execPath,
    args: [join(import.meta.dirname, "../../support/plain-agent.mjs")],
    env: { PLAIN_STATE: state },
    version: null,
    signIn: "",
  }))

test.each([
  ["inside the daemon", (home: string) => adapterOf("demo", home), "[[huge mb=20 chunk=10000]]", 2_098],
  ["that is a process", plain, "stream 2000 0 10000", 2_000],
] as const)(
  "an agent %s is held back while what it says cannot be taken, and says all of it later",
  async (_, adapter, prompt, count) => {
    await using dir = await tempDir()
    let ready = Promise.resolve()
    let release: () => void = () => undefined
    await using session = await AgentSession.open({
      adapter: adapter(dir.path),
      workingDir: dir.path,
      toolEnv: { PATH: process.env.PATH ?? "", HOME: dir.path },
      ready: () => ready,
    })
    const chunks = () => session.updates.filter((one) => one.sessionUpdate === "agent_message_chunk").length
    const prompted = session.prompt(prompt)
    while (chunks() < 5) await wait(1)
    ready = new Promise((resolve) => {
      release = resolve
    })
    let before = -1
    while (chunks() !== before) {
      before = chunks()
      await wait(300)
    }
    expect(before).toBeLessThan(count / 2)
    release()
    ready = Promise.resolve()
    await prompted
    expect(chunks()).toBe(count)
  },
)

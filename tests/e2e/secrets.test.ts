/** Canaries: secrets that an agent is given, finds in a file and prints must be nowhere in what agentz writes down. */
import { execFileSync, spawnSync } from "node:child_process"
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"
import { toolsIn } from "../daemon/acp/transcript.ts"
import { createFakeModel } from "../fixtures/fake-model/server.mjs"
import { Installation, saidIn } from "./installation.ts"

const CANARY = "sk-canary-5d2f8b7c1e9a4430"

/** Files under the home that hold the canary, and processes that show it. */
function hits(home: string): string[] {
  const { stdout } = spawnSync("grep", ["-rla", CANARY, home], { encoding: "utf8" })
  const shown = execFileSync("sh", ["-c", "cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' ' '"], {
    encoding: "utf8",
    maxBuffer: 1 << 26,
  })
  return [...stdout.split("\n").filter(Boolean), ...(shown.includes(CANARY) ? ["a command line"] : [])]
}

test("a key in the environment, a file, an answer, a long output and an error is written down nowhere", async () => {
  const model = createFakeModel()
  await using _ = { [Symbol.asyncDispose]: () => model.close() }
  const port = await model.listen(0)
  await using agentz = await Installation.open({
    OPENAI_BASE_URL: `http://127.0.0.1:${port}/v1`,
    OPENAI_API_KEY: CANARY,
    OPENAI_MODEL: "fake-model",
  })
  await agentz.up()
  writeFileSync(join(agentz.workingDir, "key.txt"), `key=${CANARY}\n`)
  const print = `for i in $(seq 1 4000); do cat key.txt; done; cat key.txt >&2`
  const prompt = `[[read path=key.txt]] [[bash cmd="${print}"]] [[bash cmd="printf sk-canary-; sleep 0.3; tail -c 17 key.txt"]] [[say text=done]]`
  const sessionId = await agentz.spawn(prompt, "--agent", "openai-compatible")
  const session = await agentz.until(sessionId, "completed", ({ status }) => status === "completed", 60_000)
  expect(saidIn(session)).toContain("done")
  const tools = toolsIn(session)
  expect(tools.map(({ output }) => output.includes("[redacted OPENAI_API_KEY]"))).toEqual([true, true, true])
  const { stdout } = await agentz.run(["show", sessionId, "--output", tools[1]?.toolCallId ?? ""])
  expect(stdout.match(/\[redacted OPENAI_API_KEY\]/g)).toHaveLength(4001)
  expect(hits(agentz.home)).toEqual([])
})

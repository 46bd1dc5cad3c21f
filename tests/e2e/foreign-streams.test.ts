/** Nothing outside the engine relies on more than the base protocol: another Durable Streams server does as well. */
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { DurableStreamTestServer } from "@durable-streams/server"
import { expect, test } from "vitest"
import { Installation } from "./installation.ts"

test("a session runs on a stream server that the user names, and nothing of ours is started for it", async () => {
  const foreign = new DurableStreamTestServer({ port: 0, host: "127.0.0.1" })
  const url = `${await foreign.start()}/v1/stream`
  try {
    await using agentz = await Installation.open({ AGENTZ_STREAMS_URL: url })
    const { code, stdout, stderr } = await agentz.run([
      "run",
      '[[write path=a.txt content=foreign]] [[say text="Done elsewhere."]]',
      "--mode",
      "bypass",
    ])
    expect({ code, stderr }).toMatchObject({ code: 0 })
    expect(stdout).toContain("Done elsewhere.")
    expect(readFileSync(join(agentz.workingDir, "a.txt"), "utf8")).toBe("foreign")
    const sessionId = /ses_[a-z0-9]+/.exec((await agentz.run(["ls", "--json"])).stdout)?.[0] ?? ""
    await agentz.run(["send", sessionId, "[[recall]]"])
    const tailed = await agentz.run(["tail", sessionId, "--until-idle", "--json"])
    expect(tailed.stdout).toContain("turn_ended")
    expect(() => agentz.server()).toThrow("No stream server runs")
  } finally {
    await foreign.stop()
  }
})

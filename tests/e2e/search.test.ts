/** What was said is found again, and files are named, end to end: by the command line and over tRPC. */
import { execFileSync } from "node:child_process"
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"
import { Installation, refusalOf } from "./installation.ts"

test("what a session said is found by another process, also while it is archived and after", async () => {
  await using agentz = await Installation.open()
  const { agent } = agentz.client(await agentz.up())
  const sessionId = await agentz.spawn('[[say text="a marvellous heron"]]')
  await agentz.until(sessionId, "completed", ({ status }) => status === "completed")
  const found = async () => {
    const { code, stdout } = await agentz.run(["search", '"marvellous heron"', "--json"])
    expect(code).toBe(0)
    return JSON.parse(stdout)
  }
  const first = await found()
  expect(first).toMatchObject({ searched: 1, total: 1, unread: [] })
  expect(first.hits[0]).toMatchObject({ sessionId, type: "message", text: "a marvellous heron" })
  await agent.archive.mutate({ sessionId })
  expect(await found()).toEqual(first)
  const here = await agent.search.query({ query: "HERON marvellous" })
  expect(here.hits.map(({ seq }) => seq)).toEqual(first.hits.map(({ seq }: { seq: number }) => seq))
  await agent.unarchive.mutate({ sessionId })
  expect(await found()).toEqual(first)
  expect((await agentz.run(["search", "nowhere"])).stdout).toBe("Nothing found. Searched 1 of 1 sessions.\n")
})

test("files of a session's directory and of a chosen one are named, and of no other", async () => {
  await using agentz = await Installation.open()
  const { agent } = agentz.client(await agentz.up())
  const { workingDir } = agentz
  execFileSync("git", ["init", "-q"], { cwd: workingDir })
  mkdirSync(join(workingDir, "lib"))
  writeFileSync(join(workingDir, "lib/heron.ts"), "")
  writeFileSync(join(workingDir, "heron.log"), "")
  writeFileSync(join(workingDir, ".gitignore"), "*.log\n")
  symlinkSync(agentz.home, join(workingDir, "home"))
  const sessionId = await agentz.spawn("[[say text=ready]]")
  const expected = { files: ["lib/heron.ts"], complete: true }
  expect(await agent.files.query({ sessionId, query: "hero" })).toEqual(expected)
  expect(await agent.files.query({ workingDir, query: "hero" })).toEqual(expected)
  expect(await agent.files.query({ workingDir, query: "token" })).toEqual({ files: [], complete: true })
  const reasons = await Promise.all(
    [
      agent.files.query({ workingDir: agentz.home }),
      agent.files.query({ workingDir: "lib" }),
      agent.files.query({ workingDir: join(workingDir, "missing") }),
      agent.files.query({ sessionId, workingDir }),
      agent.search.query({ query: " " }),
      agent.search.query({ query: "x", cursor: "../x" }),
    ].map(async (call) => (await refusalOf(call)).reason),
  )
  expect(reasons).toEqual([
    "working_dir_not_accessible",
    "working_dir_not_absolute",
    "working_dir_missing",
    "invalid_input",
    "invalid_input",
    "invalid_input",
  ])
})

import { expect, test } from "vitest"
import { closest } from "#streams/closest"
import { bench, memoryIo } from "../../support/memory-io.ts"
import { tempDir } from "../../support/temp-dir.ts"

const COMMANDS = [
  "up",
  "run",
  "ls",
  "show",
  "tail",
  "send",
  "cancel",
  "approve",
  "rules",
  "mode",
  "set",
  "withdraw",
  "resume",
  "mcp",
  "doctor",
  "down",
  "streams",
]

test.each(COMMANDS)("%s explains itself, without touching anything", async (name) => {
  const { cli, plane } = bench("/nonexistent/home")
  const { code, out, err } = await cli([name, "--help"])

  expect({ code, err }).toEqual({ code: 0, err: "" })
  expect(out).toMatch(new RegExp(`^agentz ${name}`))
  expect(out).toContain("--json")
  expect(out).toContain("--help")
  expect(plane.calls).toEqual([])
  expect((await cli(["help", name])).out).toBe(out)
})

test("the overview lists each command", async () => {
  const { cli } = bench("/nonexistent/home")
  for (const words of [["help"], ["--help"], ["-h"]]) {
    const { code, out } = await cli(words)
    expect(code).toBe(0)
    for (const name of COMMANDS) expect(out).toMatch(new RegExp(`^  ${name}\\b`, "m"))
  }
  expect((await cli(["--version"])).out).toMatch(/^agentz \d+\.\d+\.\d+/)
})

test.each([
  [["rnu"], "Did you mean `agentz run`?"],
  [["frobnicate"], "`agentz help` shows what there is."],
  [["run", "x", "--agnet", "demo"], "There is no option --agnet. Did you mean --agent?"],
  [["ls", "--zzz"], "`agentz ls --help` shows what there is."],
  [["ls", "-x"], "There is no option -x."],
  [["up", "now"], "“now” is one word too many"],
  [["show"], "ID is missing: agentz show ID"],
  [["approve", "ses_a"], "REQUEST is missing"],
  [["approve", "ses_a", "req_a"], "Say exactly one of --allow, --always and --deny."],
  [["approve", "ses_a", "req_a", "--allow", "--deny"], "Say exactly one of"],
  [["ls", "--status", "runing"], "Did you mean running?"],
  [["ls", "--limit", "many"], "--limit is “many”"],
  [["run", "x", "--mode", "yolo"], "--mode is “yolo”: it is one of ask"],
  [["run", "x", "--cwd"], "--cwd"],
  [["send", "ses_a", "x", "--mode", "now"], "--mode is “now”"],
  [["tail", "ses_a", "--from", "a/b"], "--from is “a/b”"],
  [["streams", "--port", "x"], "--port is “x”"],
  [["--prot", "1"], "There is no option --prot."],
])("%j is wrong usage: exit code 64 and a sentence", async (words, sentence) => {
  await using home = await tempDir()
  const { cli } = bench(home.path)
  const { code, out, err } = await cli(words)

  expect(code).toBe(64)
  expect(out).toBe("")
  expect(err).toMatch(/^agentz: [^\n]+\n$/)
  expect(err).toContain(sentence)
})

test("with --json a refusal is one line of JSON on stderr", async () => {
  await using home = await tempDir()
  const { cli } = bench(home.path)
  const { code, err } = await cli(["show", "ses_unknown", "--json"])

  expect(code).toBe(1)
  expect(JSON.parse(err)).toEqual({
    error: { reason: "unknown_session", message: expect.stringContaining("agentz ls") },
  })
})

test("a wrong configuration is exit code 78", async () => {
  await using home = await tempDir()
  const { cli } = bench(home.path, { AGENTZ_PORT: "x" })
  expect(await cli(["ls"])).toMatchObject({ code: 78, err: expect.stringContaining('AGENTZ_PORT is "x"') })
})

test("a stack trace is shown only to who asks for it", async () => {
  await using home = await tempDir()
  const { cli } = bench(home.path, {}, { openPlane: () => Promise.reject(new Error("out of luck")) })
  expect(await cli(["ls"])).toMatchObject({ code: 1, err: "agentz: out of luck\n" })
  const io = { ...memoryIo(), terminal: { color: false, browser: false, debug: true } }
  expect((await cli(["ls"], io)).err).toContain("at ")
})

test("a full disk is told in words", async () => {
  await using home = await tempDir()
  const full = Object.assign(new Error("ENOSPC: no space left on device, write"), { code: "ENOSPC" })
  const { cli } = bench(home.path, {}, { openPlane: () => Promise.reject(full) })
  expect((await cli(["ls"])).err).toBe("agentz: The disk is full: free some space and try again.\n")
})

test("a guess is made only when it is near", () => {
  expect(closest("canecl", ["cancel", "ls"])).toBe("cancel")
  expect(closest("res", ["resume", "ls"])).toBe("resume")
  expect(closest("xyz", ["cancel", "ls"])).toBeNull()
})

import { join } from "node:path"
import { expect, test } from "vitest"
import { bench } from "../../support/memory-io.ts"
import { tempDir } from "../../support/temp-dir.ts"

test("tokens are made, listed without their secret, and revoked by the first letters of their name", async () => {
  await using dir = await tempDir()
  const { cli } = bench(join(dir.path, "home"))
  expect((await cli(["mcp", "token", "list"])).out).toContain("agentz mcp token create")
  const made = JSON.parse(
    (await cli(["mcp", "token", "create", "--name", "ci", "--expires", "1h", "--json"])).out,
  )
  expect(made).toMatchObject({
    name: "ci",
    expiresAt: "2026-01-01T02:00:00.000Z",
    scope: { sessions: "own", workflows: "all", runs: "own", readOnly: false, mode: "ask", workingDir: null },
  })
  expect(made.token).toMatch(new RegExp(`^${made.tokenId}[.][A-Za-z0-9_-]{43}$`))

  const { out } = await cli(["mcp", "token", "list"])
  expect(out).toContain(`${made.tokenId}  ci`)
  expect(out).not.toContain(made.token)
  expect((await cli(["mcp", "token", "revoke", made.tokenId.slice(0, 8)])).out).toContain(made.tokenId)
  expect(JSON.parse((await cli(["mcp", "token", "list", "--json"])).out)).toEqual({ tokens: [], parents: [] })
})

test("what a token may touch is what is said of it, and no more", async () => {
  await using dir = await tempDir()
  const { cli } = bench(join(dir.path, "home"))
  const scopeOf = async (...words: string[]) =>
    JSON.parse((await cli(["mcp", "token", "create", "--json", ...words])).out).scope
  expect(await scopeOf("--workflows", "a,b", "--workflows", "c")).toMatchObject({
    sessions: "none",
    workflows: ["a", "b", "c"],
  })
  expect(await scopeOf("--sessions", "all", "--read-only")).toMatchObject({
    sessions: "all",
    workflows: [],
    readOnly: true,
  })
  expect(await scopeOf("--sessions", "own", "--workflows", "all", "--runs", "all")).toMatchObject({
    sessions: "own",
    workflows: "all",
    runs: "all",
  })
})

test.each([
  [["mcp", "frobnicate"], "agentz mcp [token"],
  [["mcp", "token"], "create, list or revoke"],
  [["mcp", "token", "revoke"], "TOKEN is missing"],
  [["mcp", "token", "revoke", "tok_none"], "agentz mcp token list"],
  [["mcp", "token", "create", "--sessions", "some"], "--sessions is “some”: it is one of none, own, all."],
  [["mcp", "token", "create", "--runs", "some"], "--runs is “some”"],
  [["mcp", "token", "create", "--mode", "yolo"], "--mode is “yolo”"],
  [["mcp", "token", "create", "--expires", "soon"], "--expires is “soon”"],
  [["mcp", "token", "create", "--cwd", "/not/there"], "--cwd is /not/there"],
  [["mcp", "token", "create", "--read-only"], "add --sessions all or --runs all"],
  [["run", "x", "--children", "many"], "--children is “many”"],
  [["run", "x", "--children", "4/9"], "--children is “4/9”"],
])("%j is refused with what to do", async (words, remedy) => {
  await using dir = await tempDir()
  const { cli, plane } = bench(join(dir.path, "home"))
  const { code, err } = await cli(words)
  expect(code).not.toBe(0)
  expect(err).toContain(remedy)
  expect(plane.calls).toEqual([])
})

test("a token that is no good is refused before anything is served", async () => {
  await using dir = await tempDir()
  const { cli } = bench(join(dir.path, "home"), { AGENTZ_MCP_TOKEN: "tok_gone.0123456789abcdef" })
  const { code, out, err } = await cli(["mcp"])
  expect({ code, out }).toEqual({ code: 1, out: "" })
  expect(err).toContain("agentz mcp token create")
})

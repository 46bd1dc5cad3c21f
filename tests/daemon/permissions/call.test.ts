import { mkdirSync, symlinkSync, writeFileSync } from "node:fs"
import { realpath } from "node:fs/promises"
import { join } from "node:path"
import { expect, test } from "vitest"
import { agentConfigHash } from "#daemon/permissions/agent-config"
import { askedCall } from "#daemon/permissions/call"
import { tempDir } from "../../support/temp-dir.ts"

async function world() {
  const dir = await tempDir()
  const root = await realpath(dir.path)
  mkdirSync(join(root, "work/src"), { recursive: true })
  mkdirSync(join(root, "outside"))
  writeFileSync(join(root, "work/src/a.ts"), "")
  const workingDir = join(root, "work")
  const touches = async (fields: object) =>
    (await askedCall({ toolCallId: "c", title: "t", ...fields }, workingDir)).touches
  return { root, workingDir, touches, [Symbol.asyncDispose]: () => dir[Symbol.asyncDispose]() }
}
const edit = (path: string) => ({ kind: "edit", rawInput: { path } })

test("a path is where it leads: relative, through links, and where nothing is yet", async () => {
  await using at = await world()
  symlinkSync(join(at.root, "outside"), join(at.workingDir, "link"))
  expect((await at.touches(edit("src/a.ts"))).paths).toEqual([join(at.workingDir, "src/a.ts")])
  expect((await at.touches(edit("src/new/b.ts"))).paths).toEqual([join(at.workingDir, "src/new/b.ts")])
  expect((await at.touches(edit("link/b.ts"))).paths).toEqual([join(at.root, "outside/b.ts")])
  expect((await at.touches(edit("src/../../outside/b.ts"))).paths).toEqual([join(at.root, "outside/b.ts")])
})

test("where it is not certain what a path is, the call touches nothing that a rule could speak of", async () => {
  await using at = await world()
  symlinkSync(join(at.root, "nowhere"), join(at.workingDir, "dangling"))
  symlinkSync(join(at.root, "outside"), join(at.workingDir, "link"))
  for (const path of ["dangling", "dangling/x", "link/../b.ts", "a\0b", ""])
    expect(await at.touches(edit(path))).not.toHaveProperty("paths")
  expect(await at.touches({ kind: "edit", rawInput: { path: 7 } })).not.toHaveProperty("paths")
})

test("every file that a call names anywhere counts", async () => {
  await using at = await world()
  const call = {
    ...edit("src/a.ts"),
    locations: [{ path: join(at.workingDir, "src/b.ts") }],
    content: [{ type: "diff", path: join(at.root, "outside/c.ts"), oldText: null, newText: "" }],
  }
  expect((await at.touches(call)).paths).toEqual(
    [join(at.root, "outside/c.ts"), join(at.workingDir, "src/a.ts"), join(at.workingDir, "src/b.ts")].sort(),
  )
})

test.each([
  [{ command: "git status" }, ["git", "status"]],
  [{ command: ["git", "status"] }, ["git", "status"]],
  [{ command: ["bash", "-lc", "git status"] }, ["git", "status"]],
  [{ command: "git status", description: "Look", timeout: 5 }, ["git", "status"]],
  [{ command: ["bash", "-lc", "git status; rm x"] }, undefined],
  [{ command: ["bash", "-c", "git status", "more"] }, undefined],
  [{ command: ["bash", "script.sh"] }, undefined],
  [{ command: "git status", cwd: "/" }, undefined],
  [{ command: "git status", sandbox_permissions: "require_escalated" }, undefined],
  [{ command: "git status", env: { GIT_SSH: "evil" } }, undefined],
  [{ command: 7 }, undefined],
  [undefined, undefined],
])("the words of %j are %j", async (rawInput, words) => {
  await using at = await world()
  expect((await at.touches({ kind: "execute", rawInput })).words).toEqual(words)
})

test("a grant is for this call in this directory under this configuration", async () => {
  await using at = await world()
  const hash = async (rawInput: unknown, workingDir = at.workingDir) =>
    (await askedCall({ toolCallId: "c", title: "t", kind: "execute", rawInput }, workingDir)).inputHash
  const one = await hash({ command: "make", timeout: 5 })
  expect(await hash({ timeout: 5, command: "make" })).toBe(one)
  expect(await hash({ command: "make", timeout: 6 })).not.toBe(one)
  expect(await hash({ command: "make", timeout: 5 }, at.root)).not.toBe(one)
  writeFileSync(join(at.workingDir, ".mcp.json"), "{}")
  expect(await hash({ command: "make", timeout: 5 })).not.toBe(one)
})

test.each([
  ".mcp.json",
  "opencode.json",
  ".claude/settings.local.json",
  ".codex/config.toml",
  ".opencode/agent/a.md",
])("%s is a part of the project's agent configuration, up to the root of its repository", async (name) => {
  await using at = await world()
  mkdirSync(join(at.root, "work/.git"))
  const inner = join(at.workingDir, "src")
  const before = await agentConfigHash(inner)
  writeFileSync(join(at.workingDir, "README.md"), "no configuration")
  expect(await agentConfigHash(inner)).toBe(before)
  mkdirSync(join(at.workingDir, name, ".."), { recursive: true })
  writeFileSync(join(at.workingDir, name), "one")
  const one = await agentConfigHash(inner)
  writeFileSync(join(at.workingDir, name), "two")
  expect(new Set([before, one, await agentConfigHash(inner)]).size).toBe(3)
})

test("calls that say nothing of what they do are never the same call", async () => {
  await using at = await world()
  const mute = { kind: "execute", title: null }
  const [one, other] = [await at.touches(mute), await at.touches({ ...mute, toolCallId: "d" })]
  expect(one.hash).not.toBe(other.hash)
})

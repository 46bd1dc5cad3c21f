/** What a repository may say of sessions in it, and that its commands are run only by leave. */
import { execFileSync } from "node:child_process"
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { expect, test } from "vitest"
import { allow, configFileOf, hashOf, isAllowed, repositoryConfig } from "#src/workspaces/repository-config"
import { tempDir } from "../support/temp-dir.ts"

async function withConfig(text: string) {
  const dir = await tempDir()
  mkdirSync(dirname(configFileOf(dir.path)))
  writeFileSync(configFileOf(dir.path), text)
  return dir
}

test("a repository that says nothing has all defaults", async () => {
  await using dir = await tempDir()
  const nothing = { copy: [], setup: [], teardown: [], minutes: 10, remote: "origin", push: false }
  expect(await repositoryConfig(dir.path)).toEqual(nothing)
  await using empty = await withConfig("# nothing yet\n")
  expect(await repositoryConfig(empty.path)).toEqual(nothing)
})

test.each([
  ["setup: [", "cannot be used"],
  ["setup: npm ci", "setup"],
  ["set-up: [npm ci]", "set-up"],
  ["minutes: 0", "minutes"],
  ["remote: --all", "remote"],
  ["push: origin", "push"],
  ["- a\n- b", "cannot be used"],
  ["a: &a [x]\nsetup: *a", "cannot be used"],
  [`setup: ["${"x".repeat(70_000)}"]`, "larger than 64 KB"],
])("%.30s is refused with its fault", async (text, fault) => {
  await using dir = await withConfig(text)
  const refusal = expect(repositoryConfig(dir.path)).rejects
  await refusal.toMatchObject({
    reason: "repository_config_invalid",
    message: expect.stringContaining(fault),
  })
})

test("a link or a pipe in its place is not read", async () => {
  await using dir = await tempDir()
  const path = configFileOf(dir.path)
  mkdirSync(dirname(path))
  writeFileSync(join(dir.path, "secret"), "setup: [x]\n")
  symlinkSync(join(dir.path, "secret"), path)
  await expect(repositoryConfig(dir.path)).rejects.toMatchObject({ reason: "repository_config_invalid" })
  await using other = await tempDir()
  mkdirSync(dirname(configFileOf(other.path)))
  execFileSync("mkfifo", [configFileOf(other.path)])
  await expect(repositoryConfig(other.path)).rejects.toMatchObject({ reason: "repository_config_invalid" })
})

test("exactly the commands that were allowed are allowed, and in that repository alone", async () => {
  await using home = await tempDir()
  const hash = hashOf({ teardown: [], setup: ["npm ci", "npm test"] })
  expect(await isAllowed(home.path, "/repo/.git", hash)).toBe(false)
  await allow(home.path, "/repo/.git", hash)
  expect(await isAllowed(home.path, "/repo/.git", hash)).toBe(true)
  expect(await isAllowed(home.path, "/other/.git", hash)).toBe(false)
  for (const setup of [["npm ci"], ["npm test", "npm ci"], ["npm ci && npm test"], []])
    expect(await isAllowed(home.path, "/repo/.git", hashOf({ setup, teardown: [] }))).toBe(false)
  const more = { setup: ["npm ci", "npm test"], teardown: ["docker compose down"] }
  expect(await isAllowed(home.path, "/repo/.git", hashOf(more))).toBe(false)
})

test("where is pushed to without being asked is a part of what was allowed", () => {
  const commands = { setup: ["npm ci"], teardown: [] }
  const hash = hashOf(commands)
  expect(hashOf({ ...commands, push: false, remote: "up" })).toBe(hash)
  const pushes = hashOf({ ...commands, push: true, remote: "origin" })
  expect(pushes).not.toBe(hash)
  expect(hashOf({ ...commands, push: true, remote: "up" })).not.toBe(pushes)
})

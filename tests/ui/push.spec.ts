/** The page tells how the work of a session stands at its remote, and brings it there when that is asked for. */
import { existsSync, renameSync } from "node:fs"
import { join } from "node:path"
import type { Page } from "@playwright/test"
import { beginRepository, gitIn as git } from "../support/project.ts"
import { expect, reaches, test } from "../support/real-test.ts"
import { tempDir } from "../support/temp-dir.ts"
import { violations } from "../support/ui-test.ts"

const sh = (command: string) => `[[bash ask=no cmd=${JSON.stringify(command)}]]`

/** As a person does with `agentz trust`. */
const allowAll = (page: Page, workingDir: string) =>
  page.evaluate(async (dir) => {
    const input = encodeURIComponent(JSON.stringify({ workingDir: dir }))
    const found = await (await fetch(`/trpc/agent.repositoryConfig?input=${input}`)).json()
    const body = JSON.stringify({ workingDir: dir, hash: found.result.data.hash })
    const headers = { "content-type": "application/json" }
    return (await fetch("/trpc/agent.allowCommands", { method: "POST", headers, body })).ok
  }, workingDir)

/** On a phone the panel lies over the message box. */
const say = (page: Page, sessionId: string, text: string) =>
  page.evaluate(async (body) => {
    const headers = { "content-type": "application/json" }
    return (await fetch("/trpc/agent.sendMessage", { method: "POST", headers, body })).ok
  }, JSON.stringify({ sessionId, text }))

test("what is pushed, what is not and why is told beside the files, and a branch is pushed from there", async ({
  page,
  agentz,
}) => {
  test.slow()
  // Other tests have a repository where the installation works.
  await using dir = await tempDir()
  const project = join(dir.path, "project")
  const remote = `${project}.git`
  beginRepository(project, { "a.txt": "one\n", ".agentz/config.yaml": "push: true\n" })
  git(project, "init", "-q", "--bare", remote)
  git(project, "remote", "add", "origin", remote)
  git(project, "push", "-q", "origin", "main")
  expect(await allowAll(page, project)).toBe(true)
  const prompt = sh("echo two > a.txt")
  const workspace = { kind: "worktree" } as const
  const asked = { agentType: "demo", workingDir: project, title: "Say two", prompt, workspace }
  const sessionId = await agentz.spawn(asked)
  await page.goto(`${agentz.api}/s/${sessionId}?panel=changes`)
  await reaches(page, "Done")
  const panel = page.getByRole("complementary", { name: "Files" })
  await expect(panel.getByText(/^agentz\/.*, all checkpoints, to origin$/)).toBeVisible({ timeout: 20_000 })
  expect(await violations(page)).toEqual([])

  renameSync(remote, `${remote}.away`)
  expect(await say(page, sessionId, sh("echo three > a.txt"))).toBe(true)
  await expect(panel.getByText(/There is no repository at the remote's address/)).toBeVisible({
    timeout: 30_000,
  })
  await page.emulateMedia({ colorScheme: "dark" })
  expect(await violations(page)).toEqual([])
  renameSync(`${remote}.away`, remote)

  await page.goto(`${agentz.api}/s/${sessionId}`)
  await reaches(page, "Done")
  await page.getByRole("button", { name: "Session menu" }).click()
  await page.getByRole("menuitem", { name: "Bring home…" }).click()
  const dialog = page.getByRole("dialog", { name: "Bring home" })
  await dialog.getByRole("button", { name: "Commit" }).click()
  await dialog.getByRole("button", { name: "Push the branch" }).click()
  await expect(page.getByText(/^agentz\/.* is at /)).toBeVisible({ timeout: 20_000 })
  expect(git(remote, "log", "-1", "--format=%s", `--branches=agentz/*`)).toBe("Say two\n")
  await dialog.getByRole("button", { name: "Ask for a pull request" }).click()
  await expect(dialog.getByRole("alert")).toContainText("is no repository of a forge")
  await page.setViewportSize({ width: 390, height: 800 })
  await page.emulateMedia({ colorScheme: "light" })
  expect(await violations(page)).toEqual([])
  expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0)
  expect(existsSync(remote)).toBe(true)
})

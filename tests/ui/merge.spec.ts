/** Sessions in work trees of one repository are merged one after another through the page; of two that met, an agent settles it. */
import { existsSync, readFileSync } from "node:fs"
import { join } from "node:path"
import type { Page } from "@playwright/test"
import { beginRepository, gitIn as git } from "../support/project.ts"
import type { RealAgentz } from "../support/real-agentz.ts"
import { expect, reaches, test } from "../support/real-test.ts"
import { violations } from "../support/ui-test.ts"

const COUNT = process.env.AGENTZ_TEST_LONG ? 10 : 3

const sh = (command: string) => `[[bash ask=no cmd=${JSON.stringify(command)}]]`

async function open(page: Page, agentz: RealAgentz, sessionId: string): Promise<void> {
  await page.goto(`${agentz.api}/s/${sessionId}`)
  await reaches(page, "Done")
}

async function bringHome(page: Page): Promise<void> {
  await page.getByRole("button", { name: "Session menu" }).click()
  await page.getByRole("menuitem", { name: "Bring home…" }).click()
}

test("sessions of one repository are merged one after another, one with a conflict that its agent settles", async ({
  page,
  agentz,
}) => {
  test.setTimeout(90_000 + COUNT * 60_000)
  const { project } = agentz
  beginRepository(project, { "shared.txt": "one\n" })
  const ids: string[] = []
  for (let at = 0; at < COUNT; at++) {
    // The first and the last change the same line.
    const shared = at === 0 || at === COUNT - 1 ? `; echo of-${at} > shared.txt` : ""
    const prompt = sh(`echo ${at} > file-${at}.txt${shared}`)
    ids.push(
      await agentz.spawn({ agentType: "demo", title: `Work ${at}`, prompt, workspace: { kind: "worktree" } }),
    )
  }
  const dialog = page.getByRole("dialog", { name: "Bring home" })
  const bring = dialog.getByRole("button", { name: "Bring into main" })
  for (const [at, sessionId] of ids.entries()) {
    await open(page, agentz, sessionId)
    await bringHome(page)
    await expect(dialog.getByRole("region", { name: "Not committed" })).toContainText(`file-${at}.txt`)
    if (at === 0) {
      expect(await violations(page)).toEqual([])
      await page.emulateMedia({ colorScheme: "dark" })
      expect(await violations(page)).toEqual([])
      await page.emulateMedia({ colorScheme: "light" })
    }
    await dialog.getByRole("button", { name: "Commit" }).click()
    if (at === COUNT - 1) {
      await expect(dialog.getByText("Both changed the same in 1 file:")).toBeVisible({ timeout: 20_000 })
      await expect(bring).toBeDisabled()
      expect(await violations(page)).toEqual([])
      await dialog.getByRole("button", { name: "Let the agent settle it" }).click()
      await expect(page.getByRole("log")).toContainText("cannot be merged into main as it is")
      // The script of the demo agent takes over for one that would know what to do.
      await page.getByRole("button", { name: "Stop" }).click()
      await reaches(page, "Cancelled")
      const settle = `git merge -q main; echo of-both > shared.txt; git add shared.txt; git -c user.name=D -c user.email=d@example.com commit -qm Settled`
      await page.getByRole("textbox", { name: "Message" }).fill(sh(settle))
      await page.getByRole("button", { name: "Send" }).click()
      await expect(page.getByRole("log").getByText("git merge -q main").first()).toBeVisible()
      await expect
        .poll(() => git(project, "log", "--all", "--format=%s"), { timeout: 30_000 })
        .toContain("Settled")
      await reaches(page, "Done")
      await bringHome(page)
    }
    await bring.click({ timeout: 20_000 })
    await expect(dialog).toBeHidden({ timeout: 20_000 })
    expect(existsSync(join(project, `file-${at}.txt`))).toBe(true)
  }
  expect(readFileSync(join(project, "shared.txt"), "utf8")).toBe("of-both\n")
  expect(git(project, "status", "--porcelain")).toBe("")
  git(project, "fsck", "--strict")
})

test("a session is started in a work tree from the form, and forked from its menu", async ({
  page,
  agentz,
}) => {
  test.slow()
  beginRepository(agentz.project, { "shared.txt": "one\n" })
  await page.goto(
    `${agentz.api}/new?dir=${agentz.project}&agent=demo&prompt=${encodeURIComponent(sh("echo 1 > n"))}`,
  )
  await page.getByLabel("Works in").selectOption("worktree")
  await page.getByLabel("Branch").fill("main")
  await page.getByRole("button", { name: "Start" }).click()
  await expect(page.getByRole("alert")).toContainText("branch_in_use")
  expect(await violations(page)).toEqual([])
  await page.getByLabel("Branch").fill("topic")
  await page.getByRole("button", { name: "Start" }).click()
  await page.waitForURL(/\/s\/ses_/)
  await reaches(page, "Done")
  await expect(page.getByTitle(/In a work tree of its own/)).toHaveText("⎇ topic")
  const first = page.url()
  await page.getByRole("button", { name: "Session menu" }).click()
  await page.getByRole("menuitem", { name: /^Fork( F)?$/ }).click()
  await expect(page).not.toHaveURL(first, { timeout: 30_000 })
  await expect(page.getByRole("log")).toContainText("echo 1 > n")
})

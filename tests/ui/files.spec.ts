/** The files of a session in the page: real checkpoints of a real repository. */
import { statSync } from "node:fs"
import { readdir, readFile, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import type { Page } from "@playwright/test"
import { beginRepository } from "../support/project.ts"
import type { RealAgentz } from "../support/real-agentz.ts"
import { expect, reaches, test } from "../support/real-test.ts"
import { violations } from "../support/ui-test.ts"

const CODE = Array.from({ length: 40 }, (_, line) => `export const value${line} = ${line}`)

/** A repository, and a session in it whose two turns changed files in every way there is. */
async function work(agentz: RealAgentz): Promise<string> {
  beginRepository(agentz.project, {
    "values.ts": `${CODE.join("\n")}\n`,
    "old-name.md": "# A file\n\nthat gets another name\nand nothing else\n",
    "run.sh": "echo run\n",
  })
  const sessionId = await agentz.spawn({
    agentType: "demo",
    title: "Change files",
    prompt:
      `[[edit ask=no path=values.ts old="value3 = 3" new="value3 = 33"]] ` +
      `[[edit ask=no path=values.ts old="value30 = 30" new="value30 = 3030"]] ` +
      `[[bash ask=no cmd="git mv old-name.md new-name.md; chmod +x run.sh; printf 'a\\\\0b' > picture.bin"]] ` +
      `[[say ms=1 text="First done."]]`,
  })
  return sessionId
}

const files = (page: Page) => page.getByRole("region", { name: "Changed files" })

async function open(page: Page, agentz: RealAgentz, sessionId: string, search = ""): Promise<void> {
  await page.goto(`${agentz.api}/s/${sessionId}${search}`)
  await reaches(page, "Done")
}

async function send(page: Page, text: string): Promise<void> {
  await page.getByRole("textbox", { name: "Message" }).fill(text)
  await page.getByRole("button", { name: "Send" }).click()
}

test.describe.configure({ mode: "serial" })
let sessionId = ""

test("every kind of change is told, with its lines in both themes", async ({ page, agentz }) => {
  test.slow()
  sessionId = await work(agentz)
  await open(page, agentz, sessionId, "?panel=changes")
  await expect(page.getByRole("status").filter({ hasText: "4 files" })).toBeVisible({ timeout: 20_000 })
  const list = files(page)
  await list.getByRole("button", { name: /^values\.ts/ }).click()
  await expect(list.getByText("export const value3 = 33")).toBeVisible({ timeout: 20_000 })
  await list.getByRole("button", { name: /new-name\.md/ }).click()
  await expect(list.getByText("Renamed from old-name.md.")).toBeVisible()
  await list.getByRole("button", { name: /run\.sh/ }).click()
  await expect(list.getByText("Mode 100644 became 100755: it can be run now.")).toBeVisible()
  await list.getByRole("button", { name: /picture\.bin/ }).click()
  await expect(list.getByText("Not text: its lines cannot be compared.")).toBeVisible()
  expect(await violations(page)).toEqual([])
  await page.emulateMedia({ colorScheme: "dark" })
  await expect(page.locator("html")).toHaveAttribute("data-theme", "dark")
  expect(await violations(page)).toEqual([])
  expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0)
})

test("lines are shown beside each other, and keys go from file to file and from change to change", async ({
  page,
  agentz,
  isMobile,
}) => {
  test.skip(isMobile, "a phone has no keys")
  await open(page, agentz, sessionId, "?panel=changes")
  const list = files(page)
  await list.getByRole("button", { name: /new-name\.md/ }).focus()
  for (let step = 0; step < 3; step++) await page.keyboard.press("j")
  await expect(list.getByRole("button", { name: /^values\.ts/ })).toBeFocused()
  await page.keyboard.press("Enter")
  await expect(list.getByText("export const value3 = 33")).toBeVisible({ timeout: 20_000 })
  await page.keyboard.press("b")
  await expect(list.locator("[data-deletions]").first()).toBeVisible()
  expect(await violations(page)).toEqual([])
  await page.keyboard.press("b")
  await page.keyboard.press("Shift+J")
  await page.keyboard.press("Shift+J")
  await page.keyboard.press("m")
  await expect(page.getByRole("textbox", { name: "Comment on values.ts:31" })).toBeFocused()
  await page.keyboard.press("Escape")
  await list.getByRole("button", { name: /^values\.ts/ }).focus()
  await page.keyboard.press("k")
  await expect(list.getByRole("button", { name: /run\.sh/ })).toBeFocused()
})

test("comments on lines become one message", async ({ page, agentz, isMobile }) => {
  await open(page, agentz, sessionId, "?panel=changes")
  const list = files(page)
  await list.getByRole("button", { name: /^values\.ts/ }).click()
  const comment = async (line: number, text: string) => {
    const number = list.locator(`[data-column-number="${line}"][data-line-type="change-addition"]`).first()
    await number.click()
    await page.getByRole("button", { name: `Comment on values.ts:${line}` }).click()
    await page.getByRole("textbox", { name: `Comment on values.ts:${line}` }).fill(text)
    await page.getByRole("button", { name: "Add comment" }).click()
  }
  await comment(4, "Why 33?")
  await comment(31, "And this?")
  await expect(list.getByText("Why 33?")).toBeVisible()
  expect(await violations(page)).toEqual([])
  await page.getByRole("button", { name: "Put into the message" }).click()
  const box = page.getByRole("textbox", { name: "Message" })
  await expect(box).toHaveValue(
    "values.ts:4\n> export const value3 = 33\n\nWhy 33?\n\nvalues.ts:31\n> export const value30 = 3030\n\nAnd this?",
  )
  await expect(page.getByRole("region", { name: "Changed files" })).toBeVisible({ visible: !isMobile })
  await box.fill(`${await box.inputValue()}\n\n[[say ms=1 text="Both are right."]]`)
  await page.getByRole("button", { name: "Send" }).click()
  await expect(page.getByRole("log")).toContainText("Both are right.", { timeout: 20_000 })
  await reaches(page, "Done")
})

test("what changes while the agent works is seen without asking for it", async ({ page, agentz }) => {
  await open(page, agentz, sessionId)
  await send(page, `[[write ask=no path=notes.txt content="a note\\n"]] [[slow n=600 ms=50]]`)
  await expect(page.getByRole("log")).toContainText("notes.txt")
  await page.goto(`${agentz.api}/s/${sessionId}?panel=changes`)
  await expect(files(page).getByRole("button", { name: /notes\.txt/ })).toBeVisible({ timeout: 20_000 })
  await page.getByRole("button", { name: "Close panel" }).click()
  await page.getByRole("button", { name: "Stop" }).click()
  await reaches(page, "Cancelled")
})

test("files go back to a turn, after a look at what would become of them", async ({
  page,
  agentz,
  isMobile,
}) => {
  test.slow()
  const values = join(agentz.project, "values.ts")
  await page.goto(`${agentz.api}/s/${sessionId}?panel=changes`)
  const back = page.getByRole("button", { name: "Put files back to checkpoint 1" })
  if (isMobile) await page.getByText(/\d+ checkpoints/).click()
  await back.click()
  const dialog = page.getByRole("dialog", { name: "Put files back to checkpoint 1" })
  await expect(dialog.getByRole("listitem").filter({ hasText: "values.ts" })).toContainText("changes")
  await expect(dialog.getByRole("listitem").filter({ hasText: "notes.txt" })).toContainText("goes")
  expect(await violations(page)).toEqual([])
  expect(await readFile(values, "utf8")).toContain("value3 = 33")
  await dialog.getByRole("button", { name: "Put back" }).click()
  await expect(dialog).toBeHidden({ timeout: 30_000 })
  expect(await readFile(values, "utf8")).toBe(`${CODE.join("\n")}\n`)
  await expect(page.getByText("Nothing differs.")).toBeVisible({ timeout: 20_000 })
})

test("what no checkpoint has is not written over, and that is said", async ({ page, agentz, isMobile }) => {
  await writeFile(join(agentz.project, ".gitignore"), "notes.txt\n")
  await writeFile(join(agentz.project, "notes.txt"), "mine\n")
  await page.goto(`${agentz.api}/s/${sessionId}?panel=changes`)
  if (isMobile) await page.getByText(/\d+ checkpoints/).click()
  await page.getByRole("button", { name: "Put files back to checkpoint 3" }).click()
  const dialog = page.getByRole("dialog", { name: /Put files back/ })
  await expect(dialog.getByRole("alert")).toContainText("notes.txt")
  await expect(dialog.getByRole("button", { name: "Put back" })).toBeDisabled()
  expect(await violations(page)).toEqual([])
})

test("a message is said again, or otherwise, in a session that forks from before it", async ({
  page,
  agentz,
}) => {
  test.slow()
  await page.goto(`${agentz.api}/s/${sessionId}`)
  // The first message: nothing was said before it, and the files were those that it found.
  await page.getByRole("log").focus()
  await page.keyboard.press("Home")
  const first = page
    .getByRole("article")
    .filter({ has: page.getByText("You", { exact: true }) })
    .first()
  await first.hover()
  await first.getByRole("button", { name: "Fork from here" }).click()
  const dialog = page.getByRole("dialog", { name: "Fork from here" })
  const prompt = dialog.getByLabel("Message")
  await expect(prompt).toHaveValue(/value30 = 30/)
  await expect(dialog.getByRole("button", { name: "Say it again" })).toBeVisible()
  expect(await violations(page)).toEqual([])
  await prompt.fill(
    '[[edit ask=no path=values.ts old="value3 = 3" new="value3 = 777"]] [[say ms=1 text="Forked."]]',
  )
  await dialog.getByLabel("Title").fill("Another way")
  await dialog.getByRole("button", { name: "Fork", exact: true }).click()
  await page.waitForURL((url) => /\/s\/ses_/.test(url.pathname) && !url.pathname.includes(sessionId))
  await expect(page.getByRole("heading", { name: "Another way" })).toBeVisible()
  await expect(page.getByRole("log")).toContainText("Forked.", { timeout: 30_000 })
  await expect(page.getByRole("log")).not.toContainText("First done.")
  await reaches(page, "Done")
  expect(await readFile(join(agentz.project, "values.ts"), "utf8")).not.toContain("777")
})

test("the past shows the files of then", async ({ page, agentz }) => {
  await page.goto(`${agentz.api}/s/${sessionId}?panel=changes&at=0`)
  await expect(page.getByText("No checkpoint had the files yet at that moment")).toBeVisible({
    timeout: 20_000,
  })
  const events = (await agentz.events(sessionId)) as readonly { type: string; seq: number; n?: number }[]
  const second = events.find(({ type, n }) => type === "checkpoint" && n === 2)
  await page.goto(`${agentz.api}/s/${sessionId}?panel=changes&at=${second?.seq}`)
  await expect(page.getByRole("status").filter({ hasText: "4 files" })).toBeVisible({ timeout: 20_000 })
  await expect(page.getByRole("button", { name: "Put files back to checkpoint 1" })).toBeHidden()
})

test("what a session may use is changed from its menu", async ({ page, agentz }) => {
  await page.goto(`${agentz.api}/s/${sessionId}`)
  const dialog = page.getByRole("dialog", { name: "Limits" })
  const open = async () => {
    await page.getByRole("button", { name: "Session menu" }).click()
    await page.getByRole("menuitem", { name: "Limits…" }).click()
  }
  await open()
  await dialog.getByLabel("Memory").fill("much")
  await dialog.getByRole("button", { name: "Set" }).click()
  await expect(dialog.getByRole("alert")).toContainText("write for example 2g")
  expect(await violations(page)).toEqual([])
  await dialog.getByLabel("Memory").fill("2g")
  await dialog.getByLabel("Minutes of a turn").fill("30")
  await dialog.getByRole("button", { name: "Set" }).click()
  await expect(dialog).toBeHidden()
  await page.reload()
  await open()
  await expect(dialog.getByLabel("Memory")).toHaveValue("2g")
  await dialog.getByLabel("Memory").fill("")
  await dialog.getByRole("button", { name: "Set" }).click()
  await expect(dialog).toBeHidden()
})

test("what draws the lines comes only when they are opened, and is small enough", async ({ isMobile }) => {
  test.skip(isMobile, "the same bytes")
  const assets = fileURLToPath(new URL("../../dist/ui/assets", import.meta.url))
  const sizes = (await readdir(assets))
    .filter((name) => /^diff-view-.*\.js\.gz$/.test(name))
    .map((name) => statSync(join(assets, name)).size / 1_000)
  expect(sizes).toHaveLength(1)
  expect(sizes[0]).toBeLessThan(95)
})

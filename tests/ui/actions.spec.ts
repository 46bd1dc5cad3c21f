import { mkdir, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { expect, openSession, reaches, test } from "../support/real-test.ts"

test("a file goes along with a message, and one that was removed does not", async ({ page, agentz }) => {
  await openSession(page, agentz, "[[say text=ready]]")
  await reaches(page, "Done")
  const file = (name: string, text: string) => ({ name, mimeType: "text/plain", buffer: Buffer.from(text) })
  await page.locator("input[type=file]").setInputFiles([file("notes.txt", "green"), file("wrong.txt", "red")])
  const attached = page.getByRole("list", { name: "Attached files" }).getByRole("listitem")
  await expect(attached).toHaveText(["notes.txt", "wrong.txt"])
  await page.getByRole("button", { name: "Remove wrong.txt" }).click()
  await page.getByRole("textbox", { name: "Message" }).fill("[[say text=read]]")
  await page.getByRole("button", { name: "Send" }).click()
  const sent = page.getByRole("log").getByRole("list", { name: "Attachments" }).getByRole("listitem")
  await expect(sent).toHaveText(["notes.txt"])
  await expect(attached).toHaveCount(0)
})

test("a message that waits is taken back, and never said", async ({ page, agentz }) => {
  const sessionId = await openSession(page, agentz, "[[slow n=3000 ms=200]]")
  await reaches(page, "Running")
  await page.getByRole("textbox", { name: "Message" }).fill("[[say text=unwanted]]")
  await page.getByRole("button", { name: "Queue" }).click()
  const queue = page.getByRole("region", { name: "Queued messages" })
  await queue.getByRole("button", { name: "Take back" }).click()
  await expect(page.getByText("Taken back")).toBeVisible()
  await expect(queue).toBeHidden()
  await page.getByRole("button", { name: "Stop" }).click()
  await reaches(page, "Cancelled")
  const types = (await agentz.events(sessionId)).map(({ type }) => type)
  expect(types).toContain("message_withdrawn")
  expect(types.filter((type) => type === "turn_started")).toHaveLength(1)
})

test("a session is put away and brought back", async ({ page, agentz }) => {
  await openSession(page, agentz, "[[say text=shelved]]")
  await reaches(page, "Done")
  await page.getByRole("button", { name: "Session menu" }).click()
  await page.getByRole("menuitem", { name: "Archive" }).click()
  const list = page.getByRole("list", { name: "Sessions" })
  await expect(page).toHaveURL(/\/$/)
  await expect(list.getByText("[[say text=shelved]]")).toHaveCount(0)
  await page.goto(`${agentz.api}/?archived=true`)
  await list.getByText("[[say text=shelved]]").click()
  await expect(page.getByRole("log")).toContainText("shelved")
  await page.getByRole("button", { name: "Session menu" }).click()
  await page.getByRole("menuitem", { name: "Bring back from the archive" }).click()
  await expect(page.getByText("Back among the sessions")).toBeVisible()
  await page.goto(agentz.api)
  await expect(list.getByText("[[say text=shelved]]")).toBeVisible()
})

test("mode and options of the agent are changed while the session lives", async ({ page, agentz }) => {
  const sessionId = await openSession(page, agentz, "[[say text=ready]]")
  await reaches(page, "Done")
  await page.getByLabel("Permissions").selectOption("read_only")
  await page.getByLabel("Pace").selectOption("fast")
  const said = async (type: string) =>
    (await agentz.events(sessionId)).findLast((event) => event.type === type)
  await expect.poll(() => said("mode_changed")).toMatchObject({ mode: "read_only" })
  await expect.poll(() => said("config_options")).toMatchObject({ options: [{ id: "pace", value: "fast" }] })
  await page.reload()
  await expect(page.getByLabel("Permissions")).toHaveValue("read_only")
  await expect(page.getByLabel("Pace")).toHaveValue("fast")
})

test("always here answers the like in the next session of the directory, until it is revoked", async ({
  page,
  agentz,
}) => {
  const prompt = '[[bash cmd="git status --short"]]'
  await openSession(page, agentz, prompt)
  await expect(page.getByText("it may run commands that begin with “git status”")).toBeVisible()
  await page.getByRole("button", { name: "Always here" }).click()
  await reaches(page, "Done")
  await openSession(page, agentz, prompt)
  await reaches(page, "Done")
  await expect(page.getByRole("region", { name: "Approval" })).toBeHidden()
  await page.goto(`${agentz.api}/settings`)
  const rules = page.getByRole("list", { name: "Rules" })
  await expect(rules).toContainText("git status")
  await rules.getByRole("button", { name: "Revoke" }).click()
  await expect(page.getByText("No rules.")).toBeVisible()
  await openSession(page, agentz, prompt)
  await page.getByRole("region", { name: "Approval" }).getByRole("button", { name: "Deny" }).click()
  await expect(page.getByRole("log")).toContainText("Denied")
})

test("what a real session said is searched, and a real file is named", async ({ page, agentz }) => {
  await mkdir(join(agentz.project, "lib"), { recursive: true })
  await writeFile(join(agentz.project, "lib/heron.ts"), "")
  await openSession(page, agentz, '[[say text="marvellous heron"]]')
  await reaches(page, "Done")
  await page.getByRole("textbox", { name: "Message" }).pressSequentially("@hero")
  await expect(page.getByRole("listbox", { name: "Suggestions" }).getByRole("option")).toHaveText(
    "@lib/heron.ts",
  )
  await page.goto(`${agentz.api}/search?q=${encodeURIComponent('"marvellous heron"')}`)
  await page.getByRole("listitem").getByText("Agent").click()
  await expect(page.locator("article.row-marked")).toContainText("marvellous heron")
})

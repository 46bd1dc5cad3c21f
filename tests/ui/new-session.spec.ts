import { expect, test } from "../support/ui-test.ts"

test("an address fills the form", async ({ page, agentz }) => {
  await page.goto(`${agentz.url}/new?dir=/srv/site&prompt=tidy%20up&agent=demo`)
  await expect(page.getByLabel("Prompt")).toHaveValue("tidy up")
  await expect(page.getByLabel("Directory")).toHaveValue("/srv/site")
})

test("an agent that is missing shows its remedy and cannot be chosen", async ({ page, agentz }) => {
  await page.goto(`${agentz.url}/new`)
  await expect(page.getByRole("radio", { name: /Claude Code/ })).toBeDisabled()
  await expect(page.getByText("npm install -g @anthropic-ai/claude-code")).toBeVisible()
  await expect(page.getByRole("radio", { name: /Cerebras/ })).toBeDisabled()
})

test("a refusal is said at its field, in the server's words", async ({ page, agentz }) => {
  await page.goto(`${agentz.url}/new?prompt=x`)
  await page.getByText("Claude Code").waitFor()
  await page.getByLabel("Directory").fill("/srv/missing")
  await page.getByRole("button", { name: "Start" }).click()
  await expect(page.getByRole("alert")).toContainText("There is no directory /srv/missing.")
  await expect(page.getByRole("alert")).toContainText("working_dir_missing")
  await expect(page.getByLabel("Directory")).toHaveAttribute("aria-invalid", "true")
  await expect(page.getByLabel("Prompt")).toHaveValue("x")
})

test("never asking comes with a warning", async ({ page, agentz }) => {
  await page.goto(`${agentz.url}/new`)
  await expect(page.getByText("afford to lose")).toBeHidden()
  await page.getByLabel("Permissions").selectOption("bypass")
  await expect(page.getByText("afford to lose")).toBeVisible()
})

test("the prompt is kept over a reload and while the server is away", async ({ page, agentz }) => {
  await page.goto(`${agentz.url}/new`)
  await page.getByText("Claude Code").waitFor()
  await page.getByLabel("Prompt").fill("a long thought")
  await page.reload()
  await expect(page.getByLabel("Prompt")).toHaveValue("a long thought")
  await page.getByText("Claude Code").waitFor()
  await agentz.kill()
  await page.getByRole("button", { name: "Start" }).click()
  await expect(page.getByRole("alert")).toContainText("Your prompt is kept here")
  await agentz.start()
  await page.getByRole("button", { name: "Start" }).click()
  await page.waitForURL(/\/s\/ses_/)
})

import { expect, test, violations } from "../support/ui-test.ts"

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

test("limits are said in words, and what is wrong with them at their field", async ({ page, agentz }) => {
  await page.goto(`${agentz.url}/new?prompt=x&limits=memory%3Dlots`)
  await page.getByText("Claude Code").waitFor()
  await page.getByRole("button", { name: "Start" }).click()
  await expect(page.getByRole("alert")).toContainText(
    "“memory=lots” is not usable: write for example memory=2g",
  )
  await expect(page.getByLabel("Limits")).toHaveAttribute("aria-invalid", "true")
  await page.getByLabel("Limits").fill("memory=2g, minutes=30")
  await page.getByRole("button", { name: "Start" }).click()
  await page.waitForURL(/\/s\/ses_/)
  expect(agentz.plane.calls.find(({ name }) => name === "spawn")?.input).toMatchObject({
    limits: { memoryMb: 2048, minutes: 30 },
  })
})

test("MCP servers and files go along, and no secret of theirs is in a link or kept", async ({
  page,
  context,
  agentz,
}) => {
  await context.grantPermissions(["clipboard-read", "clipboard-write"])
  await page.goto(`${agentz.url}/new?prompt=x&model=big&mode=read_only`)
  await page.getByText("Claude Code").waitFor()
  await page.getByText("Limits and MCP servers").click()
  const mcp = page.getByRole("textbox", { name: "MCP servers" })
  await mcp.fill("{}")
  await page.getByRole("button", { name: "Start" }).click()
  await expect(page.getByRole("alert")).toContainText("These are no MCP servers: it is JSON such as")
  expect(await violations(page)).toEqual([])
  await mcp.fill('{"mcpServers": {"notes": {"command": "notes", "env": {"NOTES_KEY": "s3cret"}}}}')
  await page
    .locator("input[type=file]")
    .setInputFiles({ name: "notes.txt", mimeType: "text/plain", buffer: Buffer.from("green") })
  await expect(page.getByRole("list", { name: "Attached files" })).toContainText("notes.txt")
  await page.getByRole("button", { name: "Copy link to this form" }).click()
  const link = await page.evaluate(() => navigator.clipboard.readText())
  expect(Object.fromEntries(new URL(link).searchParams)).toEqual({
    ...{ agent: "demo", model: "big", prompt: "x", mode: "read_only" },
  })
  expect(await page.evaluate(() => JSON.stringify(localStorage))).not.toContain("s3cret")
  await page.getByRole("button", { name: "Start" }).click()
  await page.waitForURL(/\/s\/ses_/)
  expect(agentz.plane.calls.find(({ name }) => name === "spawn")?.input).toMatchObject({
    mcpServers: [{ type: "stdio", name: "notes", command: "notes" }],
    attachments: [{ uploadId: "upl_fake", name: "notes.txt" }],
  })
})

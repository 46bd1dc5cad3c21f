import { expect, test, violations } from "../support/ui-test.ts"

test("a few letters behind an at sign name a file of the session's directory", async ({ page, agentz }) => {
  await page.goto(`${agentz.url}/s/${agentz.told.done}`)
  const box = page.getByRole("textbox", { name: "Message" })
  await box.pressSequentially("look at @src")
  const list = page.getByRole("listbox", { name: "Suggestions" })
  await expect(list.getByRole("option")).toHaveCount(2)
  await expect(list.getByRole("option", { selected: true })).toHaveText("@src/main.ts")
  expect(await violations(page)).toEqual([])
  await box.press("ArrowDown")
  await expect(list.getByRole("option", { selected: true })).toHaveText('@"src/retry timer.ts"')
  await box.press("Enter")
  await expect(box).toHaveValue('look at @"src/retry timer.ts" ')
  await expect(list).toBeHidden()
  await box.pressSequentially("and @READ")
  await list.getByRole("option").first().click()
  await expect(box).toHaveValue('look at @"src/retry timer.ts" and @README.md ')
  await expect(box).toBeFocused()
  expect(agentz.plane.calls.findLast(({ name }) => name === "files")?.input).toMatchObject({
    sessionId: agentz.told.done,
  })
})

test("Escape closes the list and keeps what was typed; Enter then sends", async ({
  page,
  agentz,
  isMobile,
}) => {
  test.skip(isMobile, "a phone has no Escape")
  await page.goto(`${agentz.url}/s/${agentz.told.done}`)
  const box = page.getByRole("textbox", { name: "Message" })
  await box.pressSequentially("see @main")
  const list = page.getByRole("listbox", { name: "Suggestions" })
  await expect(list.getByRole("option")).toHaveCount(1)
  await box.press("Escape")
  await expect(list).toBeHidden()
  await expect(box).toHaveValue("see @main")
  await box.press("Enter")
  await expect(page.getByRole("log")).toContainText("You said: see @main")
})

test("a new session names files once its directory is chosen", async ({ page, agentz }) => {
  await page.goto(`${agentz.url}/new`)
  const prompt = page.getByLabel("Prompt")
  await prompt.pressSequentially("fix @main")
  await page.getByLabel("Directory").fill("/srv/site")
  await prompt.pressSequentially(".")
  const list = page.getByRole("listbox", { name: "Suggestions" })
  await expect(list.getByRole("option")).toHaveText("@src/main.ts")
  await prompt.press("Enter")
  await expect(prompt).toHaveValue("fix @src/main.ts ")
  expect(agentz.plane.calls.filter(({ name }) => name === "files").map(({ input }) => input)).toEqual(
    expect.arrayContaining([expect.objectContaining({ workingDir: "/srv/site" })]),
  )
})

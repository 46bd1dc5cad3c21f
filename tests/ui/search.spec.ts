import { expect, test, violations } from "../support/ui-test.ts"

test("what was said in any session is found, with its place one step away", async ({ page, agentz }) => {
  await page.goto(`${agentz.url}/search`)
  const box = page.getByRole("searchbox", { name: "Search all sessions" })
  await expect(box).toBeFocused()
  await box.fill("traced flake")
  const found = page.getByRole("listitem")
  await expect(found.first()).toContainText("I traced the flake to the")
  await expect(found.first().locator("mark")).toHaveText(["traced", "flake"])
  await expect(page.getByRole("region", { name: "Fix the flaky follower test" })).toContainText("I traced")
  await expect(page.getByRole("status").first()).toContainText("18 of 18 sessions searched")
  await expect(page).toHaveURL(/q=traced/)
  expect(await violations(page)).toEqual([])
  await box.press("Enter")
  await expect(found.first().getByRole("link")).toBeFocused()
  await page.keyboard.press("Enter")
  await expect(page).toHaveURL(/\/s\/ses_\w+#\d+$/)
  await expect(page.locator("article.row-marked")).toContainText("I traced the flake")
  await page.goBack()
  await expect(box).toHaveValue("traced flake")
})

test("where nothing is found it is said, and what was looked at", async ({ page, agentz }) => {
  await page.goto(`${agentz.url}/search?q=unheard-of`)
  await expect(page.getByText("Nobody said that.")).toBeVisible()
  await expect(page.getByRole("status").first()).toContainText("0 places · 18 of 18 sessions searched")
})

test("a search that takes long tells how far it is, and goes on when it is asked to", async ({
  page,
  agentz,
}) => {
  agentz.tellLong(120)
  await page.goto(`${agentz.url}/search?q=${encodeURIComponent("question")}`)
  const links = page.getByRole("region", { name: "A long conversation" }).getByRole("listitem")
  await expect(links).toHaveCount(50)
  await expect(page.getByRole("status").first()).toContainText("50 places so far")
  await page.getByRole("button", { name: "Search on" }).click()
  await expect(links).toHaveCount(100)
  await page.getByRole("button", { name: "Search on" }).click()
  await expect(page.getByRole("status").first()).toContainText("19 of 19 sessions searched")
  await expect(links.last()).toContainText("question 1")
})

test("the palette finds what was said, and leads to the search of all of it", async ({ page, agentz }) => {
  await page.goto(agentz.url)
  await page.getByText("Needs you").first().waitFor()
  await page.getByRole("button", { name: "Commands" }).click()
  await page.getByRole("combobox").fill("traced the flake")
  const said = page.getByRole("option", { name: /I traced the flake/ }).first()
  await expect(said).toBeVisible()
  expect(await violations(page)).toEqual([])
  await page.getByRole("option", { name: /Search all sessions for/ }).click()
  await expect(page.getByRole("searchbox", { name: "Search all sessions" })).toHaveValue("traced the flake")
})

test("a server that is away is told of, and the words stay", async ({ page, agentz }) => {
  await page.goto(`${agentz.url}/search`)
  const box = page.getByRole("searchbox", { name: "Search all sessions" })
  await expect(box).toBeFocused()
  await agentz.kill()
  await box.fill("flake")
  await expect(page.getByRole("alert")).toContainText("does not answer")
  await agentz.start()
  await page.getByRole("button", { name: "Try again" }).click()
  await expect(page.locator("mark").first()).toHaveText("flake")
})

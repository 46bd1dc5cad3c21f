import { expect, test } from "../support/ui-test.ts"

test("lists what needs you first, then what runs", async ({ page, agentz }) => {
  await page.goto(agentz.url)
  const rows = page.getByRole("list", { name: "Sessions" }).getByRole("listitem")
  await expect(rows).toHaveCount(18)
  await expect(rows.nth(0)).toContainText("Needs you")
  await expect(rows.nth(1)).toContainText("Running")
  await expect(rows.nth(2)).toContainText("Port the store to SQLite")
  await expect(page).toHaveTitle("(1) Sessions · agentz")
})

test("keeps the filter in the address, and back undoes it", async ({ page, agentz }) => {
  await page.goto(agentz.url)
  const rows = page.getByRole("list", { name: "Sessions" }).getByRole("listitem")
  await page
    .getByRole("navigation", { name: "Filter by state" })
    .getByRole("link", { name: "Failed" })
    .click()
  await expect(rows).toHaveCount(1)
  await expect(page).toHaveURL(/status=failed/)
  await page.goBack()
  await expect(rows).toHaveCount(18)
  await page.getByRole("searchbox", { name: "Filter sessions" }).fill("dependency 12")
  await expect(page).toHaveURL(/q=dependency/)
  await expect(rows).toHaveCount(1)
  await page.reload()
  await expect(rows).toHaveCount(1)
})

test("a newcomer is offered a box, and starts the first session from it", async ({ page, fresh }) => {
  await page.goto(fresh.url)
  await expect(page.getByRole("heading", { name: "What should an agent do?" })).toBeVisible()
  await expect(page.getByRole("radio", { name: /Demo/ })).toBeChecked()
  await page.getByLabel("Prompt").fill("say hello")
  await page.getByRole("button", { name: "Start" }).click()
  await expect(page.getByRole("log")).toContainText("You said: say hello. All done.")
  await page.getByRole("link", { name: "Sessions" }).click()
  await expect(page.getByRole("list", { name: "Sessions" }).getByRole("listitem")).toHaveCount(1)
})

test("goes on by itself after the server was away", async ({ page, agentz }) => {
  await page.goto(agentz.url)
  await expect(page.locator("[data-connection=live]")).toBeAttached()
  await agentz.kill()
  await expect(page.getByText("nothing is lost")).toBeVisible()
  await expect(page.getByText("Write the release notes")).toBeVisible()
  await agentz.start()
  await expect(page.locator("[data-connection=live]")).toBeAttached({ timeout: 15_000 })
})

test("says how to get back in when signed out", async ({ page, agentz }) => {
  agentz.signOut()
  await page.goto(agentz.url)
  await expect(page.getByRole("heading", { name: "You are signed out" })).toBeVisible()
  await expect(page.getByText("agentz up")).toBeVisible()
})

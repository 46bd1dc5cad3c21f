import type { Page } from "@playwright/test"
import { expect, startSession, test } from "../support/ui-test.ts"

test("an approval answered in one tab is settled in the other", async ({ page, context, agentz }) => {
  await startSession(page, agentz.url, "[[ask]]")
  const other = await context.newPage()
  await other.goto(page.url())
  for (const tab of [page, other]) await expect(tab.getByRole("region", { name: "Approval" })).toBeVisible()
  await other.getByRole("button", { name: "Allow" }).click()
  for (const tab of [page, other]) {
    await expect(tab.getByRole("region", { name: "Approval" })).toBeHidden()
    await expect(tab.getByRole("log")).toContainText("All done.")
  }
})

test("ten tabs on ten sessions are all live over one connection, and leave room for calls", async ({
  page,
  context,
  agentz,
  isMobile,
}) => {
  test.skip(isMobile, "once is enough")
  test.slow()
  await startSession(page, agentz.url, "[[slow n=5000 ms=30]]")
  const others = [...agentz.plane.sessions.values()].slice(0, 9)
  const tabs: Page[] = []
  for (const { row } of others) {
    const tab = await context.newPage()
    await tab.goto(`${agentz.url}/s/${row.sessionId}`)
    await expect(tab.getByRole("log")).toBeVisible()
    tabs.push(tab)
  }
  for (const [index, tab] of tabs.entries()) {
    const title = `news of tab ${index}`
    others[index]?.say({ type: "notice", severity: "info", category: "test", title })
    await expect(tab.getByRole("log")).toContainText(title)
  }
  expect(agentz.plane.liveReaders).toBe(1)
  await page.bringToFront()
  await page.getByRole("button", { name: "Stop" }).click()
  await expect(page.getByRole("log")).toContainText("Cancelled by you")
})

test("a closed tab leaves the others alive", async ({ page, context, agentz }) => {
  const first = await context.newPage()
  await first.goto(agentz.url)
  await expect(first.locator("[data-connection=live]")).toBeAttached()
  await startSession(page, agentz.url, "[[slow n=100 ms=20]]")
  await first.close()
  await expect(page.getByRole("log")).toContainText("word-99", { timeout: 15_000 })
})

test("a browser without shared workers follows just the same", async ({ page, agentz }) => {
  await page.addInitScript(() => Reflect.deleteProperty(globalThis, "SharedWorker"))
  await startSession(page, agentz.url, "[[slow n=60 ms=20]]")
  await expect(page.getByRole("log")).toContainText("word-59", { timeout: 15_000 })
})

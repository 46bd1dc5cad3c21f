import { statSync } from "node:fs"
import { fileURLToPath } from "node:url"
import type { Page } from "@playwright/test"
import { expect, test } from "../support/ui-test.ts"

const UI = fileURLToPath(new URL("../../dist/ui", import.meta.url))

/** Kilobytes of script, compressed, that the page itself has asked for. What its workers load is not among it. */
async function scripts(page: Page): Promise<number> {
  const names = await page.evaluate(() => performance.getEntriesByType("resource").map(({ name }) => name))
  const paths = new Set(names.map((name) => new URL(name).pathname))
  const sizeOf = (path: string) => statSync(`${UI}${path}.gz`, { throwIfNoEntry: false })?.size ?? 0
  return [...paths]
    .filter((path) => path.endsWith(".js") && !/worker/.test(path))
    .reduce((sum, path) => sum + sizeOf(path) / 1_000, 0)
}

test("the list and a session stay within their budgets of bytes", async ({ page, agentz, isMobile }) => {
  test.skip(isMobile, "the same bytes")
  await page.goto(agentz.url)
  await page.getByText("Needs you").first().waitFor()
  const first = await scripts(page)
  console.log(`the list: ${first.toFixed(1)} KB`)
  expect(first).toBeGreaterThan(50)
  expect(first).toBeLessThan(150)
  await page.getByText("Fix the flaky follower test").click()
  await page.getByRole("log").locator(".prose-agent").first().waitFor()
  const added = (await scripts(page)) - first
  console.log(`a session adds: ${added.toFixed(1)} KB`)
  expect(added).toBeLessThan(150)
})

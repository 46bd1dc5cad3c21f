import { statSync } from "node:fs"
import { fileURLToPath } from "node:url"
import type { Page } from "@playwright/test"
import { expect, test } from "../support/ui-test.ts"

const UI = fileURLToPath(new URL("../../dist/ui", import.meta.url))

/** Kilobytes of script, compressed, that the page asks for from now on. Workers are not the page's. */
function scripts(page: Page): () => number {
  const asked = new Set<string>()
  page.on("request", (request) => {
    const { pathname } = new URL(request.url())
    if (request.resourceType() === "script" && !/worker/.test(pathname)) asked.add(pathname)
  })
  const sizeOf = (path: string) => statSync(`${UI}${path}.gz`, { throwIfNoEntry: false })?.size ?? 0
  return () => [...asked].reduce((sum, path) => sum + sizeOf(path), 0) / 1_000
}

test("the list and a session stay within their budgets of bytes", async ({ page, agentz, isMobile }) => {
  test.skip(isMobile, "the same bytes")
  const list = scripts(page)
  await page.goto(agentz.url)
  await page.getByText("Needs you").first().waitFor()
  const first = list()
  console.log(`the list: ${first.toFixed(1)} KB`)
  expect(first).toBeGreaterThan(50)
  expect(first).toBeLessThan(150)
  await page.getByText("Fix the flaky follower test").click()
  await page.getByRole("log").locator(".prose-agent").first().waitFor()
  const added = list() - first
  console.log(`a session adds: ${added.toFixed(1)} KB`)
  expect(added).toBeLessThan(150)
})

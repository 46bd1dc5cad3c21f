/** Playwright's `test` with agentz running, and with nothing allowed to break silently in the page. */
import { AxeBuilder } from "@axe-core/playwright"
import { test as base, expect, type Page } from "@playwright/test"
import { type Agentz, startAgentz } from "./agentz.ts"

export const test = base.extend<{ agentz: Agentz; fresh: Agentz; undoSeconds: number }>({
  /** For how long answers wait to be taken back; most tests take nothing back and go on at once. */
  undoSeconds: [0, { option: true }],
  // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the fixture's needs from this pattern
  agentz: async ({}, use) => {
    await using agentz = await startAgentz()
    await use(agentz)
  },
  // biome-ignore lint/correctness/noEmptyPattern: as above
  fresh: async ({}, use) => {
    await using agentz = await startAgentz({ empty: true })
    await use(agentz)
  },
  page: async ({ page, undoSeconds }, use) => {
    await page.addInitScript(answersLeave, undoSeconds)
    const broken = breakagesOf(page)
    await use(page)
    expect(broken).toEqual([])
  },
})
export { expect }

/** What breaks in the page without being seen, as it comes. */
export function breakagesOf(page: Page): readonly string[] {
  const broken: string[] = []
  page.on("pageerror", ({ message }) => broken.push(message))
  page.on("console", (message) => {
    if (/Content Security Policy|Minified React error|hydrat/i.test(message.text()))
      broken.push(message.text())
  })
  return broken
}

/** In the page: what was chosen in its settings stays. */
export function answersLeave(undoSeconds: number): void {
  if (location.protocol === "about:") return
  const chosen = localStorage.getItem("agentz.settings") ?? JSON.stringify({ undoSeconds })
  localStorage.setItem("agentz.settings", chosen)
}

const LONG = process.env.AGENTZ_TEST_LONG === "1"
const WCAG = ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"]

/**
 * Every rule that is broken, with the elements that break it. What is dark differs from what is light by its colours
 * alone, and a phone has those of the desktop: each is asked for what it may get wrong, and with AGENTZ_TEST_LONG=1
 * for everything.
 */
export async function violations(page: Page): Promise<string[]> {
  const phone = (page.viewportSize()?.width ?? 0) < 500
  const dark = await page.evaluate(() => document.documentElement.dataset.theme === "dark")
  const axe = new AxeBuilder({ page })
  if (LONG || !dark || phone) axe.withTags(WCAG)
  else axe.withRules(["color-contrast"])
  if (phone && !LONG) axe.disableRules(["color-contrast"])
  const { violations: found } = await axe.analyze()
  return found.flatMap(({ id, nodes }) =>
    nodes.map(({ target, failureSummary }) => `${id} ${target.join(" ")} ${failureSummary}`),
  )
}

/** Starts a session through the page and waits until it is open. */
export async function startSession(page: Page, url: string, prompt: string): Promise<void> {
  await page.goto(`${url}/new?prompt=${encodeURIComponent(prompt)}&dir=/home/ada/code/demo`)
  await page.getByText("Claude Code").waitFor()
  await page.getByRole("button", { name: "Start" }).click()
  await page.waitForURL(/\/s\/ses_/)
  await page.getByRole("log").waitFor()
}

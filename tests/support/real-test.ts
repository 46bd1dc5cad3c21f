/** Playwright's `test` with the real agentz, started once for all of its tests: real streams, real daemons. */
import { test as base, expect, type Page } from "@playwright/test"
import { type RealAgentz, startRealAgentz } from "./real-agentz.ts"
import { answersLeave, breakagesOf } from "./ui-test.ts"

export const test = base.extend<object, { agentz: RealAgentz }>({
  agentz: [
    // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the fixture's needs from this pattern
    async ({}, use) => {
      await using agentz = await startRealAgentz()
      await use(agentz)
    },
    { scope: "worker" },
  ],
  page: async ({ page, agentz }, use) => {
    await page.addInitScript(answersLeave, 0)
    const broken = breakagesOf(page)
    await page.goto(await agentz.newUrl())
    await use(page)
    expect(broken).toEqual([])
  },
})
export { expect }

/** Starts a session of the demo agent in the project, and opens it. */
export async function openSession(page: Page, agentz: RealAgentz, prompt: string): Promise<string> {
  const sessionId = await agentz.spawn({ agentType: "demo", title: prompt.slice(0, 40), prompt })
  await page.goto(`${agentz.api}/s/${sessionId}`)
  return sessionId
}

/** Waits until the open session is in that state. Processes start for it, which takes as long as the machine is busy. */
export const reaches = (page: Page, state: string): Promise<void> =>
  expect(page.locator("h1 + [data-status]")).toHaveText(state, { timeout: 30_000 })

import { existsSync } from "node:fs"
import { join } from "node:path"
import type { Page } from "@playwright/test"
import type { RealAgentz } from "../support/real-agentz.ts"
import { expect, reaches, test } from "../support/real-test.ts"

async function start(page: Page, agentz: RealAgentz, prompt: string): Promise<string> {
  await page.goto(`${agentz.api}/new?dir=${agentz.project}&prompt=${encodeURIComponent(prompt)}`)
  await page.getByRole("radio", { name: /Demo/ }).check()
  await page.getByRole("button", { name: "Start" }).click()
  await page.waitForURL(/\/s\/ses_/)
  return page.url().split("/").at(-1) ?? ""
}

test("an agent asks, is allowed, and changes a real file", async ({ page, agentz }) => {
  test.slow()
  await start(page, agentz, "Show me what you can do")
  await page.getByRole("button", { name: "Allow" }).click({ timeout: 20_000 })
  await reaches(page, "Done")
  expect(existsSync(join(agentz.project, "agentz-demo.md"))).toBe(true)
  await expect(page.getByRole("button", { name: /Jump to latest|new$/ })).toBeHidden()
})

test("the text is the stream's, word for word, though the server is killed in mid-answer", async ({
  page,
  agentz,
}) => {
  test.slow()
  const sessionId = await start(page, agentz, "[[slow n=150 ms=40]]")
  await expect(page.getByRole("log").locator(".prose-agent")).toBeVisible({ timeout: 20_000 })
  for (let kill = 0; kill < 3; kill++) {
    await agentz.kill()
    await expect(page.getByText("nothing is lost")).toBeVisible()
    await agentz.start()
    await expect(page.locator("[data-connection=live]")).toBeAttached({ timeout: 15_000 })
  }
  await reaches(page, "Done")
  const said = (await agentz.events(sessionId)).find(({ type }) => type === "agent_message")
  const normal = (text: string | undefined | null) => (text ?? "").replace(/\s+/g, " ").trim()
  const shown = await page.getByRole("log").locator(".prose-agent").first().textContent()
  expect(normal(shown)).toBe(normal(said?.text))
})

test("an approval that was asked before the server died is answered after it", async ({ page, agentz }) => {
  test.slow()
  await start(page, agentz, "[[write path=kept.txt content=kept]]")
  await expect(page.getByRole("region", { name: "Approval" })).toBeVisible({ timeout: 20_000 })
  await agentz.kill()
  await expect(page.getByText("nothing is lost")).toBeVisible()
  await agentz.start()
  await expect(page.locator("[data-connection=live]")).toBeAttached({ timeout: 15_000 })
  await page.getByRole("button", { name: "Allow" }).click()
  await reaches(page, "Done")
  expect(existsSync(join(agentz.project, "kept.txt"))).toBe(true)
})

import { expect, test, violations } from "../support/ui-test.ts"

test("a link leads to its message, though it lies far back", async ({ page, agentz }) => {
  test.slow()
  const id = agentz.tellLong(400)
  // Each turn is four events behind the one that starts the session.
  await page.goto(`${agentz.url}/s/${id}#${1 + 4 * 20 + 1}`)
  const marked = page.locator("article.row-marked")
  await expect(marked).toContainText("question 21", { timeout: 20_000 })
  await expect(marked).toBeInViewport()
  await expect(marked).toBeFocused()
})

test("a search finds what is not loaded and goes there", async ({ page, agentz, isMobile }) => {
  test.slow()
  await page.goto(`${agentz.url}/s/${agentz.tellLong(400)}`)
  await expect(page.getByRole("log")).toContainText("question 400")
  if (isMobile) {
    await page.getByRole("button", { name: "Session menu" }).click()
    await page.getByRole("menuitem", { name: "Search in this session" }).click()
  } else await page.getByRole("button", { name: "Search in this session" }).click()
  await page.getByRole("searchbox", { name: "Search in this session" }).fill("question 77")
  await expect(page.getByRole("list", { name: "Matches" }).getByRole("listitem")).toHaveCount(1)
  expect(await violations(page)).toEqual([])
  await page.keyboard.press("Enter")
  await expect(page.locator("article.row-marked")).toContainText("question 77", { timeout: 20_000 })
  await expect(page).toHaveURL(/#\d+$/)
})

test("a session is shown as it was at any moment, and then as it is", async ({ page, agentz }) => {
  await page.goto(`${agentz.url}/s/${agentz.told.done}?at=7`)
  const moment = page.getByRole("slider", { name: "Moment" })
  await expect(moment).toHaveValue("7")
  const log = page.getByRole("log")
  await expect(log).toContainText("The follower test fails one run in ten")
  await expect(log).not.toContainText("I traced the flake")
  expect(await violations(page)).toEqual([])
  await moment.press("End")
  await expect(log).toContainText("Now tell me what you changed.")
  await expect(page).toHaveURL(/at=\d\d/)
  await page.getByRole("button", { name: "Back to now" }).click()
  await expect(page.getByRole("textbox", { name: "Message" })).toBeVisible()
  await expect(page).not.toHaveURL(/at=/)
})

test("changes, usage and events of the whole session are beside it", async ({ page, agentz }) => {
  await page.goto(`${agentz.url}/s/${agentz.told.done}?panel=changes`)
  const panel = page.getByRole("tabpanel")
  await expect(panel.getByRole("button", { name: /streams\/follow\.ts/ }).first()).toBeVisible()
  expect(await violations(page)).toEqual([])
  await page.getByRole("tab", { name: "Usage" }).click()
  await expect(panel.getByRole("table", { name: "Usage by turn" }).getByRole("row")).toHaveCount(4)
  expect(await violations(page)).toEqual([])
  await page.getByRole("tab", { name: "Events" }).click()
  await panel.getByRole("combobox").selectOption("tool_call")
  await panel
    .getByRole("button", { name: /tool_call/ })
    .first()
    .click()
  await expect(panel).toContainText('"toolCallId"')
  expect(await violations(page)).toEqual([])
  await page.getByRole("button", { name: "Close panel" }).click()
  await expect(panel).toBeHidden()
})

test("the transcript can be kept as Markdown and as JSON", async ({ page, agentz }) => {
  await page.goto(`${agentz.url}/s/${agentz.told.done}`)
  await page.getByRole("log").waitFor()
  const take = async (name: string) => {
    await page.getByRole("button", { name: "Session menu" }).click()
    const download = page.waitForEvent("download")
    await page.getByRole("menuitem", { name }).click()
    const stream = await (await download).createReadStream()
    const parts: Buffer[] = []
    for await (const part of stream) parts.push(part as Buffer)
    return Buffer.concat(parts).toString()
  }
  expect(await take("Export as Markdown")).toContain("I traced the flake to the **retry timer**")
  const events = JSON.parse(await take("Export events as JSON")) as { seq: number }[]
  expect(events.map(({ seq }) => seq)).toEqual(events.map((_, index) => index))
})

test("code is coloured when its fence is closed", async ({ page, agentz }) => {
  await page.goto(`${agentz.url}/s/${agentz.told.done}`)
  await expect(page.locator("pre .code-keyword").first()).toHaveText("export", { timeout: 20_000 })
  await expect(page.locator("pre").last()).toContainText("Math.min(LONGEST, FIRST * 2 ** failures)")
})

test("one jumps from turn to turn by key", async ({ page, agentz, isMobile }) => {
  test.skip(isMobile, "a phone has no keys")
  await page.goto(`${agentz.url}/s/${agentz.tellLong(30)}`)
  const log = page.getByRole("log")
  await expect(log).toContainText("question 30")
  await log.focus()
  await page.keyboard.press("[")
  await expect(page.locator("article.row-marked")).toContainText("question")
  await page.keyboard.press("[")
  await page.keyboard.press("]")
  await expect(page.locator("article.row-marked")).toBeInViewport()
  await page.keyboard.press("Shift+G")
  await expect(page.getByText("Answer 30.")).toBeInViewport()
})

test("a newcomer sees a recorded session, and it moves", async ({ page, fresh }) => {
  await page.goto(fresh.url)
  const demo = page.getByRole("region", { name: "A recorded session" })
  await expect(demo.getByRole("log")).toContainText("demo agent", { timeout: 20_000 })
  await demo.getByRole("button", { name: "Pause" }).click()
  await demo.getByRole("slider").press("End")
  await expect(demo.getByRole("log")).toContainText("agentz-demo.md")
  expect(await violations(page)).toEqual([])
})

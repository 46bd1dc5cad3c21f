import { expect, startSession, test } from "../support/ui-test.ts"

test("streams an answer to its end", async ({ page, agentz }) => {
  await startSession(page, agentz.url, "[[slow n=60 ms=10]]")
  await expect(page.getByRole("log")).toContainText("word-59")
  await expect(page.locator("h1 + [data-status]")).toHaveText("Done")
  await expect(page.getByRole("log")).toContainText("word-0 word-1 word-2")
  await expect(page).toHaveTitle(/slow n=60 ms=10/)
})

test("shows everything a transcript holds, and nothing of it acts", async ({ page, agentz }) => {
  const foreign: string[] = []
  page.on("request", (request) => {
    if (!request.url().startsWith(agentz.url)) foreign.push(request.url())
  })
  await page.goto(`${agentz.url}/s/${agentz.told.done}`)
  const log = page.getByRole("log")
  await expect(log.getByRole("cell", { name: "3 lost" }).last()).toBeVisible()
  await expect(log).toContainText("<b>not this</b>")
  await expect(log).toContainText("[image: tracker")
  await expect(log.locator("img")).toHaveCount(0)
  for (const link of await log.getByRole("link").all()) {
    await expect(link).toHaveText("the protocol")
    await expect(link).toHaveAttribute("rel", "noopener noreferrer")
  }
  const change = log.getByRole("button", { name: /streams\/follow\.ts.*\+3/ }).last()
  // The list takes its measures anew when it is moved, and what was under the click may be elsewhere then.
  await expect(async () => {
    await change.click()
    await expect(change).toHaveAttribute("aria-expanded", "true", { timeout: 500 })
  }).toPass()
  await expect(log).toContainText("Doubles with each failure.")
  await expect(log).toContainText("progress 100%")
  await expect(log).not.toContainText("progress 10%progress")
  expect(foreign).toEqual([])
})

test("a failed turn says why and what to do", async ({ page, agentz }) => {
  await page.goto(`${agentz.url}/s/${agentz.told.failed}`)
  await expect(page.getByRole("log")).toContainText("The model's server said: too many requests.")
  await expect(page.getByRole("log")).toContainText("Wait a minute and send the message again.")
})

test("an approval is answered by key, and only while the dock has the focus", async ({
  page,
  agentz,
  isMobile,
}) => {
  test.skip(isMobile, "a phone has no keys")
  await startSession(page, agentz.url, "[[ask]]")
  const dock = page.getByRole("region", { name: "Approval" })
  await expect(dock).toContainText("npm run deploy -- --force")
  await expect(page).toHaveTitle(/^\(\d\) /)
  await page.getByRole("textbox", { name: "Message" }).fill("")
  await page.getByRole("textbox", { name: "Message" }).press("y")
  await expect(dock).toBeVisible()
  await page.getByRole("textbox", { name: "Message" }).fill("")
  await page.getByRole("textbox", { name: "Message" }).press("Escape")
  await expect(dock).toBeFocused()
  await page.waitForTimeout(350)
  await page.keyboard.press("y")
  await expect(dock).toBeHidden()
  await expect(page.getByRole("log")).toContainText("Allowed")
  await expect(page.locator("h1 + [data-status]")).toHaveText("Done")
})

test("an approval is denied by its button, also by a hand that holds it down", async ({ page, agentz }) => {
  await startSession(page, agentz.url, "[[ask]]")
  await expect(page.getByRole("button", { name: "Deny" })).toBeVisible()
  await page.getByRole("textbox").last().focus()
  await page.getByRole("button", { name: "Deny" }).click({ delay: 200 })
  await expect(page.getByRole("log")).toContainText("Denied")
})

test("an interrupted session can be answered and resumed", async ({ page, agentz }) => {
  await page.goto(`${agentz.url}/s/${agentz.told.interrupted}`)
  await expect(page.getByRole("log")).toContainText("Nothing it said is lost")
  await page.getByRole("button", { name: "Allow" }).click()
  await expect(page.getByRole("region", { name: "Approval" })).toBeHidden()
  await page.getByRole("button", { name: "Resume" }).click()
  await expect(page.getByRole("log")).toContainText("You said: resume. All done.")
})

test("a draft is kept over a reload, per session", async ({ page, agentz }) => {
  await page.goto(`${agentz.url}/s/${agentz.told.done}`)
  await page.getByRole("textbox", { name: "Message" }).fill("half a thou")
  await page.reload()
  await expect(page.getByRole("textbox", { name: "Message" })).toHaveValue("half a thou")
  await page.goto(`${agentz.url}/s/${agentz.told.failed}`)
  await expect(page.getByRole("textbox", { name: "Message" })).toHaveValue("")
})

test("messages sent during a turn wait for its end, in order", async ({ page, agentz }) => {
  test.slow()
  await startSession(page, agentz.url, "[[slow n=200 ms=40]]")
  await expect(page.getByRole("log")).toContainText("word-3")
  for (const text of ["first of two", "second of two"]) {
    await page.getByRole("textbox", { name: "Message" }).fill(text)
    await page.getByRole("button", { name: "Queue" }).click()
  }
  const queue = page.getByRole("region", { name: "Queued messages" })
  await expect(queue.getByRole("listitem")).toHaveText([/queued.*first of two/, /queued.*second of two/])
  await expect(page.getByRole("log")).toContainText("You said: second of two", { timeout: 25_000 })
  await expect(queue).toBeHidden()
})

test("stop ends the turn", async ({ page, agentz }) => {
  await startSession(page, agentz.url, "[[slow n=2000 ms=100]]")
  await expect(page.getByRole("log")).toContainText("word-3")
  await page.getByRole("button", { name: "Stop" }).click()
  await expect(page.getByRole("log")).toContainText("Cancelled by you")
})

test("a message typed while the server is away is sent once, when it is back", async ({ page, agentz }) => {
  await page.goto(`${agentz.url}/s/${agentz.told.done}`)
  await expect(page.getByRole("log")).toBeVisible()
  await agentz.kill()
  await expect(page.getByText("nothing is lost")).toBeVisible()
  await page.getByRole("textbox", { name: "Message" }).fill("are you there?")
  await page.getByRole("button", { name: "Send" }).click()
  await expect(page.getByText("will be sent when the server is back").first()).toBeVisible()
  await agentz.start()
  await expect(page.getByRole("log")).toContainText("You said: are you there?", { timeout: 20_000 })
  await expect(page.getByText("will be sent when the server is back")).toHaveCount(0)
  expect(agentz.messagesLike("are you there?")).toBe(1)
})

test("is readable though the server died before all of the page had come", async ({ page, agentz }) => {
  let refuse = true
  await page.route(/markdown-/, (route) => (refuse ? route.abort() : route.continue()))
  await page.goto(`${agentz.url}/s/${agentz.told.done}`)
  await expect(page.getByRole("log")).toContainText("I traced the flake to the **retry timer**")
  refuse = false
  await expect(page.getByRole("log")).toContainText("I traced the flake to the retry timer", {
    timeout: 15_000,
  })
})

test("loses and repeats nothing while the server is killed in mid-stream", async ({ page, agentz }) => {
  await startSession(page, agentz.url, "[[slow n=200 ms=20]]")
  await expect(page.getByRole("log")).toContainText("word-5")
  for (let kill = 0; kill < 2; kill++) {
    await agentz.kill()
    await page.waitForTimeout(300)
    await agentz.start()
    await page.waitForTimeout(700)
  }
  const whole = Array.from({ length: 200 }, (_, index) => `word-${index}`).join(" ")
  await expect(page.getByRole("log").locator(".prose-agent")).toHaveText(whole, { timeout: 20_000 })
})

test("stays where the reader is while more arrives", async ({ page, agentz }) => {
  await page.goto(`${agentz.url}/s/${agentz.told.done}`)
  const log = page.getByRole("log")
  await expect(log.getByRole("cell", { name: "3 lost" }).last()).toBeVisible()
  await log.evaluate((element) => element.scrollTo({ top: 0 }))
  const jump = page.getByRole("button", { name: /Jump to latest|new/ }).last()
  await expect(page.getByText("Jump to latest")).toBeVisible()
  await page.getByRole("textbox", { name: "Message" }).fill("more")
  await page.getByRole("button", { name: "Send" }).click()
  await expect(page.getByRole("button", { name: /\d+ new/ })).toBeVisible()
  expect(await log.evaluate((element) => element.scrollTop)).toBeLessThan(5)
  await jump.click()
  await expect(log).toContainText("You said: more")
})

test("a long history is read backwards, page by page, without a gap or a jump", async ({ page, agentz }) => {
  test.slow()
  await page.goto(`${agentz.url}/s/${agentz.tellLong(150)}`)
  const log = page.getByRole("log")
  await expect(log).toContainText("question 150")
  await log.hover()
  const seen = new Set<number>()
  for (let turn = 0; turn < 400 && !seen.has(1); turn++) {
    for (const [, number] of ((await log.textContent()) ?? "").matchAll(/question (\d+)/g))
      seen.add(Number(number))
    await page.mouse.wheel(0, -700)
    await page.waitForTimeout(60)
  }
  expect([...seen].sort((a, b) => a - b)).toEqual(Array.from({ length: 150 }, (_, index) => index + 1))
})

test("an id that is unknown says so and offers a way on", async ({ page, agentz }) => {
  for (const id of ["ses_nothere", "nonsense"]) {
    await page.goto(`${agentz.url}/s/${id}`)
    await expect(page.getByRole("heading", { name: /is not on this machine/ })).toBeVisible()
  }
  await page.getByRole("searchbox", { name: "Search sessions" }).fill("flaky")
  await page.getByRole("button", { name: "Search" }).click()
  await expect(page.getByRole("list", { name: "Sessions" }).getByRole("listitem")).toHaveCount(1)
})

import { expect, test, violations } from "../support/ui-test.ts"

for (const colorScheme of ["light", "dark"] as const) {
  test(`no page breaks a rule of WCAG 2.2 AA in ${colorScheme}`, async ({
    page,
    agentz,
    fresh,
    isMobile,
  }) => {
    test.skip(isMobile && colorScheme === "dark", "its colours are those of the desktop")
    test.slow()
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" })
    const check = async (name: string, url: string, ready: string) => {
      await page.goto(url)
      await page.getByText(ready).first().waitFor()
      if (url.includes("/s/ses_")) await page.waitForTimeout(400)
      expect(await violations(page), `${name}, ${colorScheme}`).toEqual([])
    }
    await check("list", agentz.url, "Needs you")
    await check("first run", fresh.url, "What should an agent do?")
    await check("new", `${agentz.url}/new`, "Claude Code")
    for (const [state, id] of Object.entries(agentz.told))
      await check(`session ${state}`, `${agentz.url}/s/${id}`, "Thought")
    await page.getByRole("button", { name: /Plan/ }).click()
    const closed = page.getByRole("log").getByRole("button", { expanded: false })
    // Opening one may push others out of the virtual list, so each round takes what is still there.
    for (let round = 0; round < 8 && (await closed.count()) > 0; round++) {
      const open = await closed.evaluateAll((buttons) => {
        const button = buttons.at(-1)
        if (button instanceof HTMLElement) button.click()
        return button !== undefined
      })
      if (!open) break
    }
    expect(await violations(page), `open folds, ${colorScheme}`).toEqual([])
    await check("inbox", `${agentz.url}/inbox`, "Needs you")
    await check("search", `${agentz.url}/search?q=traced`, "I traced the flake")
    await check("usage", `${agentz.url}/usage`, "Tokens out")
    await check("settings", `${agentz.url}/settings`, "commands that begin with npm test")
    await page.keyboard.press("Control+k")
    await page.getByRole("listbox").waitFor()
    expect(await violations(page), `palette, ${colorScheme}`).toEqual([])
    await page.keyboard.press("Escape")
    await check("past", `${agentz.url}/s/${agentz.told.done}?at=9`, "#9 of")
    for (const panel of ["changes", "usage", "events"]) {
      await page.goto(`${agentz.url}/s/${agentz.told.done}?panel=${panel}`)
      await page.getByRole("tabpanel").getByRole("region").first().waitFor()
      expect(await violations(page), `${panel}, ${colorScheme}`).toEqual([])
    }
    await check("unknown", `${agentz.url}/s/ses_nothere`, "not on this machine")
    await check("list again", agentz.url, "Needs you")
    await agentz.kill()
    await expect(page.getByText("nothing is lost")).toBeVisible()
    expect(await violations(page), `away, ${colorScheme}`).toEqual([])
    agentz.signOut()
    await agentz.start()
    await expect(page.getByText("You are signed out")).toBeVisible({ timeout: 15_000 })
    expect(await violations(page), `signed out, ${colorScheme}`).toEqual([])
  })
}

test("the theme can be chosen and stays", async ({ page, agentz, isMobile }) => {
  test.skip(isMobile, "a phone chooses in the settings")
  await page.emulateMedia({ colorScheme: "light" })
  await page.goto(agentz.url)
  await page.getByRole("button", { name: "Use dark colours" }).click()
  await page.reload()
  await expect(page.locator("html")).toHaveAttribute("data-theme", "dark")
  await page.getByRole("button", { name: "Use light colours" }).click()
  await expect(page.locator("html")).toHaveAttribute("data-theme", "light")
})

test("the first tab stop skips to the content", async ({ page, agentz, isMobile }) => {
  test.skip(isMobile, "a phone has no tab key")
  await page.goto(agentz.url)
  await page.getByText("Needs you").first().waitFor()
  await page.keyboard.press("Tab")
  await expect(page.getByRole("link", { name: "Skip to content" })).toBeFocused()
  await page.keyboard.press("Enter")
  await expect(page.locator("main")).toBeFocused()
})

test("turns are announced, tokens are not", async ({ page, agentz }) => {
  await page.goto(`${agentz.url}/s/${agentz.told.done}`)
  await expect(page.getByRole("log")).toHaveAttribute("aria-live", "off")
  await page.getByRole("textbox", { name: "Message" }).fill("[[ask]]")
  await page.getByRole("button", { name: "Send" }).click()
  await expect(page.locator("[aria-live=assertive]")).toHaveText("Approval needed: npm run deploy -- --force")
  await page.getByRole("button", { name: "Allow" }).click()
  await expect(page.locator("[aria-live=polite]")).toHaveText("demo finished")
})

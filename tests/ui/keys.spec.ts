/** Keys that are chosen, the edge of a panel, and where else a person sets the page up. */
import { expect, test, violations } from "../support/ui-test.ts"

test("a key is chosen for a command, is named where it clashes, acts at once, and is put back", async ({
  page,
  agentz,
  isMobile,
}) => {
  test.skip(isMobile, "a phone has no keys")
  const open = async () => {
    await page.goto(`${agentz.url}/settings`)
    await page.getByText("Keys of commands").click()
  }
  await open()
  const change = page.getByRole("button", { name: "Change: New session" })
  const everywhere = page.getByRole("region", { name: "Everywhere" })
  const rowOf = (title: string) =>
    everywhere.getByRole("listitem").filter({
      has: page.getByRole("button", { name: new RegExp(`^(Change|Press the key for): ${title}$`) }),
    })
  const row = rowOf("New session")
  await expect(row).toContainText("C")
  await change.click()
  await page.keyboard.press("Tab")
  await expect(change).toHaveAttribute("aria-pressed", "false")
  await change.click()
  await page.keyboard.press("Enter")
  await expect(row.getByRole("alert")).toContainText("moves and presses")
  await page.keyboard.press("x")
  await page.keyboard.press("y")
  await expect(row).toContainText("X then Y")
  expect(await violations(page)).toEqual([])
  await page.keyboard.press("c")
  await expect(page.getByRole("heading", { name: "Settings" })).toBeVisible()
  await page.keyboard.press("x")
  await page.keyboard.press("y")
  await expect(page.getByLabel("Prompt")).toBeVisible()

  await open()
  await expect(row).toContainText("X then Y")
  await change.click()
  await page.keyboard.press("Control+k")
  await expect(row).toContainText("Also the key of “All commands”")
  await expect(rowOf("All commands")).toContainText("Also the key of “New session”")
  expect(await violations(page)).toEqual([])
  await change.click()
  await page.keyboard.press("Backspace")
  await expect(row).toContainText("no key")
  await page.getByRole("button", { name: "Reset: New session" }).click()
  await expect(row.getByText("C", { exact: true })).toBeVisible()
  await change.click()
  await page.keyboard.press("Control+j")
  await page.getByRole("button", { name: "Reset all keys" }).click()
  await page.keyboard.press("c")
  await expect(page.getByLabel("Prompt")).toBeVisible()
})

test("the answers to a question have the keys that were chosen for them", async ({
  page,
  agentz,
  isMobile,
}) => {
  test.skip(isMobile, "a phone has no keys")
  await page.addInitScript(() => {
    if (location.protocol !== "about:")
      localStorage.setItem("agentz.settings", JSON.stringify({ undoSeconds: 0, keys: { allow: "a" } }))
  })
  await page.goto(`${agentz.url}/s/${agentz.told.waiting}`)
  const dock = page.getByRole("region", { name: "Approval" })
  await dock.focus()
  await page.waitForTimeout(350)
  await page.keyboard.press("y")
  await expect(dock.getByRole("button", { name: "Allow" })).toHaveAttribute("aria-keyshortcuts", "a")
  await expect(dock).toContainText("Edit package.json")
  await page.keyboard.press("a")
  await expect.poll(() => agentz.plane.calls.some(({ name }) => name === "approve")).toBe(true)
})

test("the panel beside a transcript is made wider by pointer and by key, and stays so", async ({
  page,
  agentz,
  isMobile,
}) => {
  test.skip(isMobile, "a phone shows it over the transcript")
  const open = async () => {
    await page.goto(`${agentz.url}/s/${agentz.told.done}?panel=usage`)
    await page.getByRole("tabpanel").getByRole("region").first().waitFor()
  }
  await open()
  const panel = page.getByRole("complementary", { name: "Usage" })
  const edge = page.getByRole("separator", { name: "Width of the panel" })
  const width = async () => Math.round((await panel.boundingBox())?.width ?? 0)
  expect(await width()).toBe(Math.round(1280 * 0.38))
  const box = await edge.boundingBox()
  if (!box) throw new Error("The panel has no edge.")
  await page.mouse.move(box.x + 4, box.y + 200)
  await page.mouse.down()
  await page.mouse.move(640, 300, { steps: 5 })
  await page.mouse.up()
  expect(await width()).toBe(640)
  await open()
  expect(await width()).toBe(640)
  await edge.focus()
  await page.keyboard.press("ArrowLeft")
  await expect(edge).toHaveAttribute("aria-valuenow", "52")
  expect(await violations(page)).toEqual([])
  await page.keyboard.press("End")
  await expect(edge).toHaveAttribute("aria-valuenow", "20")
  await page.keyboard.press("Enter")
  await expect(edge).toHaveAttribute("aria-valuenow", "38")
})

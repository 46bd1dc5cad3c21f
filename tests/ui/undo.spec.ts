import { expect, startSession, test, violations } from "../support/ui-test.ts"

test.use({ undoSeconds: 30 })

const answers = ({ calls }: { readonly calls: readonly { readonly name: string }[] }) =>
  calls.filter(({ name }) => name === "approve").length

test("an answer can be taken back before it leaves", async ({ page, agentz }) => {
  await startSession(page, agentz.url, "[[ask]]")
  const dock = page.getByRole("region", { name: "Approval" })
  await dock.getByRole("button", { name: "Deny" }).click()
  await expect(page.getByText("Denied: npm run deploy -- --force")).toBeVisible()
  expect(await violations(page)).toEqual([])
  await page.getByRole("button", { name: "Undo" }).click()
  await expect(page.getByText("Denied: npm run deploy")).toBeHidden()
  await expect(dock.getByRole("button", { name: "Allow" })).toBeEnabled()
  expect(answers(agentz.plane)).toBe(0)
})

test.describe("left alone", () => {
  test.use({ undoSeconds: 3 })

  test("an answer leaves by itself, once", async ({ page, agentz }) => {
    await startSession(page, agentz.url, "[[ask]]")
    await page.getByRole("button", { name: "Allow" }).click()
    await expect(page.getByText("Allowed: npm run deploy")).toBeVisible()
    await expect(page.getByRole("log")).toContainText("All done.")
    await expect(page.getByText("Allowed: npm run deploy")).toBeHidden()
    expect(answers(agentz.plane)).toBe(1)
  })
})

test("the key that undoes everywhere takes the answer back", async ({ page, agentz, isMobile }) => {
  test.skip(isMobile, "a phone has no keys")
  await startSession(page, agentz.url, "[[ask]]")
  await page.getByRole("button", { name: "Allow" }).click()
  await expect(page.getByText("Allowed: npm run deploy")).toBeVisible()
  await page.keyboard.press("Control+z")
  await expect(page.getByRole("button", { name: "Allow" })).toBeEnabled()
  expect(answers(agentz.plane)).toBe(0)
})

test("who leaves the page meanwhile has answered", async ({ page, agentz }) => {
  await startSession(page, agentz.url, "[[ask]]")
  await page.getByRole("button", { name: "Allow" }).click()
  await expect(page.getByText("Allowed: npm run deploy")).toBeVisible()
  await page.goto("about:blank")
  await expect.poll(() => answers(agentz.plane)).toBe(1)
})

test("in the inbox the next question comes at once, and an answer that is taken back comes again", async ({
  page,
  agentz,
}) => {
  await page.goto(`${agentz.url}/inbox`)
  const questions = page.getByRole("list", { name: "Questions" }).getByRole("region", { name: /Approval/ })
  await expect(questions).toHaveCount(2)
  await questions.first().getByRole("button", { name: "Allow" }).click()
  await expect(questions).toHaveCount(1)
  await page.getByRole("button", { name: "Undo" }).click()
  await expect(questions).toHaveCount(2)
  expect(answers(agentz.plane)).toBe(0)
})

/** What is seen before the script of the page has run. */
import type { Page } from "@playwright/test"
import { expect, test } from "../support/ui-test.ts"

/** The links of the head that are seen, and where. */
const headOf = async (page: Page) => {
  const links = await page.getByRole("banner").getByRole("link").all()
  const seen = await Promise.all(
    links.map(async (link) => ({ name: (await link.textContent()) ?? "", box: await link.boundingBox() })),
  )
  return new Map(seen.map(({ name, box }) => [name, box]))
}

test("the head of the page is there before its script, and the script leaves it where it is", async ({
  page,
  fresh,
}) => {
  await page.route("**/assets/*.js", (route) => route.abort())
  await page.goto(fresh.url)
  const before = await headOf(page)
  expect([...before.keys()]).toEqual(expect.arrayContaining(["Sessions", "Inbox"]))
  await page.unroute("**/assets/*.js")
  await page.reload()
  await page.getByRole("heading", { name: "What should an agent do?" }).waitFor()
  const after = await headOf(page)
  for (const [name, box] of before) expect(after.get(name), name).toEqual(box)
})

for (const path of ["", "inbox", "w", "s/ses_nobody"])
  test(`the head is never gone on the way to /${path}`, async ({ page, agentz }) => {
    await page.addInitScript(() => {
      const seen = { before: false, gone: false }
      Object.assign(globalThis, { seen })
      const look = () => {
        const there = document.querySelector("header") !== null
        seen.gone ||= seen.before && !there
        seen.before ||= there
        requestAnimationFrame(look)
      }
      look()
    })
    await page.goto(new URL(`/${path}`, agentz.url).href)
    await page.getByRole("heading", { level: 1 }).first().waitFor({ state: "attached" })
    expect(await page.evaluate("seen")).toEqual({ before: true, gone: false })
  })

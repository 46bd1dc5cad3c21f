// A page that is looked at while an agent writes: alone, beside the opening of a long session, and over a restart.

import { median, wait } from "../figures.mjs"
import { frames, openContext, stockClient } from "./browser.mjs"
import { firstChunk, followByStock, marks, reconnect, seenAfter } from "./live.mjs"
import { openLong, repeat, restart } from "./pages.mjs"

export async function living(at) {
  const { browser, installation, sessions, rounds, say } = at
  const { writer } = sessions
  say("live: append to text")
  const context = await openContext(browser, installation)
  const list = await context.newPage()
  await list.goto(installation.api)
  await list.getByText(sessions.title).first().waitFor()
  const first = await repeat(rounds, async () => {
    await list.goto(installation.api)
    await list.getByText(sessions.title).first().waitFor()
    await wait(500)
    return await firstChunk(list, writer, sessions.title)
  })
  await list.close()
  const page = await context.newPage()
  await page.goto(`${installation.api}/s/${sessions.live}`)
  await page.locator("[data-connection=live]").waitFor()
  const code = await stockClient()
  const stock = await followByStock(page, code, sessions.live)
  await wait(500)
  let left = 150
  const sent = await marks(writer, 40, () => left-- === 0)
  const idle = await seenAfter(page, writer, sent)
  const peer = await stock(writer, sent)

  say("live: text that grows at the end")
  let over = false
  const growing = marks(writer, 20, () => over)
  const followed = await frames(page, 5_000)
  over = true
  await growing

  say("live: the same while 100,000 events open from a cold server")
  const beside = await repeat(rounds, async () => {
    await restart(installation)
    await page.waitForSelector("[data-connection=live]", { timeout: 30_000 })
    await seenAfter(page, writer, [await writer.mark()])
    // The stock client does not come back from the restart.
    const stockBeside = await followByStock(page, code, sessions.live)
    await wait(500)
    let opened = false
    const opening = openLong({ ...at, context, front: page }).then(async (one) => {
      opened = true
      await one.page.close()
    })
    const during = await marks(writer, 20, () => opened)
    await opening
    const seen = await seenAfter(page, writer, during)
    return { ...seen, peer: (await stockBeside(writer, during)).p95 }
  })

  say("live: a restart")
  const again = await repeat(rounds, () => reconnect(page, installation, writer))
  await context.close()
  return {
    "idle.p50": idle.p50,
    "idle.p95": idle.p95,
    "idle.peer": peer,
    "beside.p95": median(beside.map(({ p95 }) => p95)),
    "beside.peer": median(beside.map(({ peer }) => peer)),
    first: median(first),
    "follow.perSecond": followed.perSecond,
    "follow.longest": followed.longest,
    "reconnect.ms": median(again.map(({ ms }) => ms)),
    "reconnect.wrong": again.reduce((sum, { wrong }) => sum + wrong, 0),
  }
}

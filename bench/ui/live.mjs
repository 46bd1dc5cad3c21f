// How soon what is appended is seen in a page, and what was lost or came twice.
import { median, quantile, wait } from "../figures.mjs"
import { append } from "./installation.mjs"

const now = () => performance.timeOrigin + performance.now()
const stamp = (writer, event) => ({
  ...event,
  id: `evt_${writer.session}_${writer.seq}`,
  seq: writer.seq++,
  epoch: 1,
  at: new Date().toISOString(),
})

/** Appends numbered marks to a session as an agent that writes: a message of its own for every twenty. */
export function writerOf(streams, session, seq) {
  const writer = { session, seq, mark: 0, sent: new Map() }
  const name = `${session}/events`
  return {
    session,
    sent: writer.sent,
    async begin() {
      await append(streams, name, [
        stamp(writer, { type: "turn_started", turnId: "turn_bench", cause: "user" }),
      ])
    },
    async mark() {
      const mark = `mark-${writer.mark++}-`
      const messageId = `evt_m${Math.floor(writer.mark / 20)}`
      writer.sent.set(mark, now())
      const chunk = {
        type: "agent_message_chunk",
        turnId: "turn_bench",
        messageId,
        text: `${mark} and some words `,
      }
      await append(streams, name, [stamp(writer, chunk)])
      return mark
    },
  }
}

/** Until `done`, a mark every so often. */
export async function marks(writer, everyMs, done) {
  const sent = []
  while (!done()) {
    const next = wait(everyMs)
    sent.push(await writer.mark())
    await next
  }
  return sent
}

/** From the append to the text in the page, of those marks; in milliseconds. */
export async function seenAfter(page, writer, sent) {
  await page.waitForFunction((mark) => globalThis.noted.marks[mark], sent.at(-1), {
    timeout: 30_000,
    polling: 20,
  })
  const seen = await page.evaluate(() => globalThis.noted.marks)
  const late = sent.flatMap((mark) => (seen[mark] ? [seen[mark] - writer.sent.get(mark)] : []))
  return { p50: median(late), p95: quantile(late, 0.95), missing: sent.length - late.length }
}

/** The stock client in the same page, on the same stream at the same time: until it has the event, nothing drawn. */
export async function followByStock(page, code, session) {
  await page.addScriptTag({ content: code })
  await page.evaluate(
    async (url) => {
      globalThis.stock = {}
      const { stream } = globalThis.StockClient
      const answer = await stream({ url, offset: "now", live: "sse", json: true, warnOnHttp: false })
      answer.subscribeJson(({ items }) => {
        for (const { text = "" } of items)
          for (const [mark] of text.matchAll(/mark-\d+-/g)) globalThis.stock[mark] ??= globalThis.nowInPage()
      })
    },
    new URL(`/v1/stream/${session}/events`, page.url()).href,
  )
  return async (writer, sent) => {
    const had = await page.evaluate(() => globalThis.stock)
    const late = sent.flatMap((mark) => (had[mark] ? [had[mark] - writer.sent.get(mark)] : []))
    return { p50: median(late), p95: quantile(late, 0.95) }
  }
}

/** From a click on a session that is being written to the first mark that was appended after the click. */
export async function firstChunk(page, writer, title) {
  let over = false
  const writing = marks(writer, 15, () => over)
  await page.getByText(title).first().click({ trial: true })
  const clicked = now()
  await page.evaluate((text) => {
    const link = [...document.querySelectorAll("a")].find((each) => each.textContent?.includes(text))
    link?.click()
  }, title)
  await page.waitForFunction(
    (since) => Object.values(globalThis.noted.marks).some((at) => at > since + 1),
    clicked,
    { timeout: 30_000, polling: 5 },
  )
  await wait(500)
  over = true
  const sent = await writing
  const seen = await page.evaluate(() => globalThis.noted.marks)
  const first = sent
    .filter((mark) => writer.sent.get(mark) >= clicked && seen[mark])
    .map((mark) => seen[mark])
  return Math.min(...first) - clicked
}

/** From the moment the server is there again to a page that is live, and what was lost or came twice meanwhile. */
export async function reconnect(page, installation, writer) {
  await installation.kill()
  await page.waitForSelector("[data-connection=reconnecting]")
  const sent = [await writer.mark(), await writer.mark()]
  await wait(1_500)
  await installation.start()
  const back = now()
  const mark = await writer.mark()
  await page.waitForFunction((each) => globalThis.noted.marks[each], mark, { polling: 5, timeout: 30_000 })
  const at = await page.evaluate((each) => globalThis.noted.marks[each], mark)
  const text = await page.getByRole("log").textContent()
  const wrong = [...sent, mark].filter((each) => text.split(each).length !== 2).length
  return { ms: at - back, wrong }
}

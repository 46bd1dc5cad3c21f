// The page in a real Chromium on a real installation: every figure that has a budget, and where there is one a peer in
// the same run. A session of 100,000 events is written straight into its stream.
import { statSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { median, quantile, wait } from "./figures.mjs"
import { withDir } from "./servers.mjs"
import { plain, textTable } from "./table.mjs"
import { frames, heapOf, openBrowser, openContext, stockClient } from "./ui/browser.mjs"
import { append, startInstallation, writeSession } from "./ui/installation.mjs"
import { firstChunk, followByStock, marks, reconnect, seenAfter, tails, writerOf } from "./ui/live.mjs"
import { transcript } from "./ui/transcript.mjs"

const EVENTS = 100_000
const UI = fileURLToPath(new URL("../dist/ui", import.meta.url))
const LIVE = "Being written"
const LONG = "A long session"

/** What is measured, in which unit, and what is allowed. `more`: at least so much. */
const ROWS = [
  ["js.list", "script of the list, compressed (KB)", 150],
  ["js.session", "  added by a session", 190],
  ["css", "styles, compressed (KB)", 20],
  ["paint.desktop", "largest paint, desktop (ms)", 800],
  ["paint.slow", "first paint, processor four times slower (ms)", 1_000],
  ["paint.mobile", "largest paint, that and slow 4G, 390 px (ms)", 2_500],
  ["idle.p50", "append to text in the page, p50 (ms)", 30],
  ["idle.p95", "  p95", 100],
  ["beside.p95", "  p95 while a long session opens from a cold server", 150],
  ["first", "a session that is being written: click to its first new text (ms)", 300],
  ["open.cold", "open 100,000 events, cold server, to the last row (ms)", 1_500],
  ["open.warm", "  warm server", 400],
  ["open.task", "  longest task of the page meanwhile (ms)", 100],
  ["past.ms", "all of its past at hand: replay in the browser (ms)", null],
  ["past.task", "  longest task of the page meanwhile (ms)", 100],
  ["heap", "objects of the page, 100,000 events (MB)", 60],
  ["scroll.perSecond", "scroll of 12,000 rows (frames/s)", 58, "more"],
  ["scroll.longest", "  longest frame (ms)", 34],
  ["follow.perSecond", "text that grows at the end (frames/s)", 55, "more"],
  ["follow.longest", "  longest frame (ms)", null],
  ["reconnect.ms", "server back to text in the page (ms)", 2_000],
  ["reconnect.wrong", "  lost or twice", 0],
  ["live.p50", "500 live tails, five connections, p50 (ms)", null],
  ["live.p99", "  p99", 100],
  ["tails.p50", "500 live tails, each a connection, p50 (ms)", null],
  ["tails.p99", "  p99", 100],
]

/** @param {{ rounds?: number, say: (text: string) => void }} options */
export async function measureUi({ rounds = 3, say }) {
  return await withDir(async (dir) => {
    const installation = await startInstallation(dir)
    const browser = await openBrowser()
    try {
      say("writing the sessions")
      const sessions = await writeAll(installation.streams)
      const at = { browser, installation, sessions, rounds, say }
      const figures = {
        ...(await sizesAndPaints(at)),
        ...(await opening(at)),
        ...(await scrolling(at)),
        ...(await living(at)),
      }
      await browser.close()
      return { ...figures, ...(await crowds(at)) }
    } finally {
      await browser.close()
      await installation.end()
    }
  })
}

async function writeAll(streams) {
  const long = await writeSession(streams, LONG, transcript(EVENTS))
  const start = [...transcript(1)]
  const live = await writeSession(streams, LIVE, start)
  const writer = writerOf(streams, live, start.length)
  await writer.begin()
  return { long, live, writer }
}

const repeat = async (times, run) => {
  const results = []
  for (let turn = 0; turn < times; turn++) results.push(await run(turn))
  return results
}

async function sizesAndPaints({ browser, installation, sessions, rounds, say }) {
  say("sizes and paints")
  const sizeOf = (path) => (statSync(`${UI}${path}.gz`, { throwIfNoEntry: false })?.size ?? 0) / 1_000
  const asked = { script: new Set(), stylesheet: new Set() }
  const sum = (kind) => [...asked[kind]].reduce((total, path) => total + sizeOf(path), 0)
  const one = await openContext(browser, installation)
  const page = await one.newPage()
  page.on("request", (request) => {
    const { pathname } = new URL(request.url())
    if (!/worker/.test(pathname)) asked[request.resourceType()]?.add(pathname)
  })
  await page.goto(installation.api)
  await page.getByText(LIVE).first().waitFor()
  const list = sum("script")
  await page.goto(`${installation.api}/s/${sessions.long}`)
  await page.getByRole("log").locator(".prose-agent").first().waitFor()
  await one.close()
  const paints = async (options, slow) => {
    const runs = await repeat(rounds, async () => {
      const context = await openContext(browser, installation, options)
      const fresh = await context.newPage()
      if (slow) await slowDown(fresh, slow)
      await fresh.goto(installation.api)
      await fresh.getByText(LIVE).first().waitFor()
      await wait(300)
      const found = await fresh.evaluate(() => ({
        largest: globalThis.noted.largest,
        first: performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? Number.NaN,
      }))
      await context.close()
      return found
    })
    return { largest: median(runs.map((run) => run.largest)), first: median(runs.map((run) => run.first)) }
  }
  const phone = { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true }
  return {
    "js.list": list,
    "js.session": sum("script") - list,
    css: sum("stylesheet"),
    "paint.desktop": (await paints({})).largest,
    "paint.slow": (await paints({}, { network: false })).first,
    "paint.mobile": (await paints(phone, { network: true })).largest,
  }
}

async function slowDown(page, { network }) {
  const session = await page.context().newCDPSession(page)
  await session.send("Emulation.setCPUThrottlingRate", { rate: 4 })
  if (!network) return
  const bytes = (1.6 * 1024 * 1024) / 8
  await session.send("Network.enable")
  await session.send("Network.emulateNetworkConditions", {
    ...{ offline: false, latency: 150, downloadThroughput: bytes, uploadThroughput: bytes / 2 },
  })
}

/** Opens the long session in a page of its own and says how long that took. */
async function openLong({ context, installation, sessions }) {
  const page = await context.newPage()
  const began = performance.now()
  await page.goto(`${installation.api}/s/${sessions.long}`, { waitUntil: "commit" })
  await page.waitForFunction(
    () => document.querySelector("[role=log] article:last-of-type time") !== null,
    undefined,
    { polling: 5, timeout: 60_000 },
  )
  const ms = performance.now() - began
  await wait(500)
  const tasks = await page.evaluate(() => globalThis.noted.tasks.map((task) => task.ms))
  return { page, ms, task: Math.max(0, ...tasks) }
}

const restart = async (installation) => {
  await installation.kill()
  await installation.start()
}

async function opening(at) {
  const { browser, installation, sessions, rounds, say } = at
  say("opening 100,000 events")
  const cold = await repeat(rounds, async () => {
    await restart(installation)
    const context = await openContext(browser, installation)
    const opened = await openLong({ ...at, context })
    await context.close()
    return opened
  })
  const warm = await repeat(rounds, async () => {
    const context = await openContext(browser, installation)
    const opened = await openLong({ ...at, context })
    await context.close()
    return opened
  })
  const context = await openContext(browser, installation)
  const { page } = await openLong({ ...at, context })
  const began = performance.now()
  await page.goto(`${installation.api}/s/${sessions.long}?at=50000`)
  await page.getByRole("log").locator("article").first().waitFor({ timeout: 60_000 })
  const past = performance.now() - began
  const tasks = await page.evaluate(() => globalThis.noted.tasks.map((task) => task.ms))
  await context.close()
  return {
    "open.cold": median(cold.map(({ ms }) => ms)),
    "open.warm": median(warm.map(({ ms }) => ms)),
    "open.task": Math.max(...cold.map(({ task }) => task)),
    "past.ms": past,
    "past.task": Math.max(0, ...tasks),
  }
}

async function scrolling(at) {
  const { browser, installation, sessions, say } = at
  say("scrolling 12,000 rows")
  const context = await openContext(browser, installation)
  const page = await context.newPage()
  // Rows of the second half, which is more than 10,000.
  await page.goto(`${installation.api}/s/${sessions.long}#43000`)
  await page.waitForFunction(
    () => Number(document.querySelector("[role=log] article")?.getAttribute("aria-setsize") ?? 0) !== 0,
  )
  await page.locator("[role=log] .row-marked").first().waitFor({ timeout: 60_000 })
  await wait(1_000)
  const rows = await page.evaluate(() =>
    Math.max(...[...document.querySelectorAll("[role=log] article")].map((row) => Number(row.dataset.index))),
  )
  say(`  from row ${rows}`)
  const scroll = "document.querySelector('[role=log]').scrollTop += frame % 240 < 200 ? 240 : -1200"
  const scrolled = await frames(page, 6_000, scroll)
  const heap = await heapOf(page)
  const blank = await context.newPage()
  const peer = await frames(blank, 2_000)
  await context.close()
  return {
    "scroll.perSecond": scrolled.perSecond,
    "scroll.longest": scrolled.longest,
    "scroll.peer": peer,
    heap,
  }
}

async function living(at) {
  const { browser, installation, sessions, rounds, say } = at
  const { writer } = sessions
  say("live: append to text")
  const context = await openContext(browser, installation)
  const list = await context.newPage()
  await list.goto(installation.api)
  await list.getByText(LIVE).first().waitFor()
  const first = await repeat(rounds, async () => {
    await list.goto(installation.api)
    await list.getByText(LIVE).first().waitFor()
    await wait(500)
    return await firstChunk(list, writer, LIVE)
  })
  await list.close()
  const page = await context.newPage()
  await page.goto(`${installation.api}/s/${sessions.live}`)
  await page.locator("[data-connection=live]").waitFor()
  const stock = await followByStock(page, await stockClient(), sessions.live)
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
    let opened = false
    const opening = openLong({ ...at, context }).then(async (one) => {
      opened = true
      await one.page.close()
    })
    const during = await marks(writer, 20, () => opened)
    await opening
    return await seenAfter(page, writer, during)
  })

  say("live: a restart")
  const again = await repeat(rounds, () => reconnect(page, installation, writer))
  await context.close()
  return {
    "idle.p50": idle.p50,
    "idle.p95": idle.p95,
    "idle.peer": peer,
    "beside.p95": median(beside.map(({ p95 }) => p95)),
    first: median(first),
    "follow.perSecond": followed.perSecond,
    "follow.longest": followed.longest,
    "reconnect.ms": median(again.map(({ ms }) => ms)),
    "reconnect.wrong": again.reduce((sum, { wrong }) => sum + wrong, 0),
  }
}

/** 500 readers through the API, and at the stream server itself, in turns. */
async function crowds({ installation, say }) {
  say("500 live tails")
  const { streams } = installation
  const names = []
  for (let index = 0; index < 500; index++)
    names.push(`${await writeSession(streams, `Tail ${index}`, [])}/events`)
  const { port, pathname } = new URL(streams.url)
  const api = { port: new URL(installation.api).port, root: "/v1/stream", token: installation.token, names }
  const at = {
    live: () => tails({ ...api, over: 100 }),
    tails: () => tails({ ...api, over: 1 }),
    direct: () => tails({ port, root: pathname, token: streams.token, names, over: 1 }),
  }
  const figures = {}
  for (const [what, open] of Object.entries(at)) {
    const crowd = await open()
    for (let turn = 0; turn < 200; turn++)
      await crowd.turn((mark) => append(streams, names[(turn * 37) % names.length], [{ text: mark }]), turn)
    crowd.close()
    await wait(500)
    figures[`${what}.p50`] = median(crowd.late)
    figures[`${what}.p99`] = quantile(crowd.late, 0.99)
  }
  return figures
}

export function uiText(figures) {
  const peers = {
    "idle.p50": figures["idle.peer"]?.p50,
    "idle.p95": figures["idle.peer"]?.p95,
    "scroll.perSecond": figures["scroll.peer"]?.perSecond,
    "scroll.longest": figures["scroll.peer"]?.longest,
    "live.p50": figures["direct.p50"],
    "live.p99": figures["direct.p99"],
    "tails.p50": figures["direct.p50"],
    "tails.p99": figures["direct.p99"],
  }
  const rows = ROWS.filter(([key]) => key in figures).map(([key, what, budget, more]) => {
    const ratio = budget ? (more ? budget / figures[key] : figures[key] / budget) : null
    return [
      what,
      plain(figures[key]),
      budget === null ? "" : plain(budget),
      ratio === null ? "" : `${plain(ratio)}${ratio > 1 ? " over" : ""}`,
      peers[key] === undefined ? "" : plain(peers[key]),
    ]
  })
  return [
    textTable(["", "figure", "budget", "of it", "peer"], rows),
    "",
    "Peers, in the same run: of text in the page the stock client in the same page, which draws nothing; of scrolling an",
    "empty page; of live tails the stream server without the API in front.",
  ].join("\n")
}

// Pages that are opened: their bytes and paints, a session of 100,000 events, its past, and scrolling in it.
import { existsSync, rmSync, statSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { median, wait } from "../figures.mjs"
import { cpuOf } from "../servers.mjs"
import { frames, heapOf, openContext } from "./browser.mjs"

const UI = fileURLToPath(new URL("../../dist/ui", import.meta.url))

export const repeat = async (times, run) => {
  const results = []
  for (let turn = 0; turn < times; turn++) results.push(await run(turn))
  return results
}

export async function sizesAndPaints({ browser, installation, sessions, rounds, say }) {
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
  await page.getByText(sessions.title).first().waitFor()
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
      await fresh.getByText(sessions.title).first().waitFor()
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

/** Opens the long session in a page of its own, behind `front` where there is one, and says how long that took. */
export async function openLong({ context, installation, sessions, front }) {
  const page = await context.newPage()
  await front?.bringToFront()
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

const until = async (what, isSo) => {
  for (let waited = 0; !isSo(); waited += 100) {
    if (waited > 60_000) throw new Error(`Waited in vain: ${what}.`)
    await wait(100)
  }
}

export const restart = async (installation) => {
  await installation.kill()
  await installation.start()
}

export async function opening(at) {
  const { browser, installation, sessions, rounds, say } = at
  say("opening 100,000 events")
  const fromCold = async () => {
    await restart(installation)
    const context = await openContext(browser, installation)
    const before = cpuOf(installation.pid)
    const opened = await openLong({ ...at, context })
    const cpu = (cpuOf(installation.pid) - before) / 1_000
    await context.close()
    return { ...opened, cpu }
  }
  const kept = join(installation.folds, `${sessions.long}.ndjson`)
  await until("the fold of the long session is kept", () => existsSync(kept))
  const cold = await repeat(rounds, fromCold)
  rmSync(installation.folds, { recursive: true })
  const unkept = await fromCold()
  await until("it is kept again", () => existsSync(kept))
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
    "open.cpu": median(cold.map(({ cpu }) => cpu)),
    "open.unkept": unkept.ms,
    "open.unkeptCpu": unkept.cpu,
    "open.warm": median(warm.map(({ ms }) => ms)),
    "open.task": Math.max(...cold.map(({ task }) => task)),
    "past.ms": past,
    "past.task": Math.max(0, ...tasks),
  }
}

export async function scrolling(at) {
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
  const scroll = "document.querySelector('[role=log]').scrollTop += 120"
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

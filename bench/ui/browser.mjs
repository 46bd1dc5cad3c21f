// Chromium, and what is asked of a page while it is measured.
import { fileURLToPath } from "node:url"
import { chromium } from "@playwright/test"
import { build } from "vite"
import { CHROMIUM_FLAGS, findChromium } from "../../tests/support/chromium.mjs"

const FLAGS = [...CHROMIUM_FLAGS, "--enable-precise-memory-info"]
const STOCK = fileURLToPath(import.meta.resolve("@durable-streams/client"))

export async function openBrowser() {
  const executablePath = findChromium()
  if (!executablePath) throw new Error("There is no Chromium: `npm run test:ui` installs one.")
  return await chromium.launch({ executablePath, args: FLAGS })
}

/** Notes in each page: the largest paint, tasks over 50 ms, and marks in the text with the time at which each is seen. */
const probe = () => {
  const now = () => performance.timeOrigin + performance.now()
  const noted = { largest: 0, tasks: [], marks: {} }
  globalThis.noted = noted
  globalThis.nowInPage = now
  const watch = (type, take) => {
    try {
      new PerformanceObserver((list) => list.getEntries().forEach(take)).observe({ type, buffered: true })
    } catch {
      // This browser does not tell.
    }
  }
  watch("largest-contentful-paint", ({ startTime }) => {
    noted.largest = startTime
  })
  watch("longtask", ({ startTime, duration }) => noted.tasks.push({ at: startTime, ms: duration }))
  const look = (node) => {
    for (const [mark] of node.textContent?.matchAll(/mark-\d+-/g) ?? []) noted.marks[mark] ??= now()
  }
  new MutationObserver((records) => {
    for (const { type, target, addedNodes } of records)
      if (type === "characterData") look(target)
      else for (const node of addedNodes) look(node)
  }).observe(document, { subtree: true, childList: true, characterData: true })
}

/** A context that is signed in, whose pages are probed. */
export async function openContext(browser, installation, options = {}) {
  const context = await browser.newContext({
    viewport: { width: 1280, height: 800 },
    bypassCSP: true,
    ...options,
  })
  await installation.signIn(context)
  await context.addInitScript(probe)
  return context
}

/** The stock client of the protocol as a script that puts `StockClient` into a page. */
export async function stockClient() {
  const made = await build({
    configFile: false,
    logLevel: "error",
    build: { write: false, minify: false, lib: { entry: STOCK, name: "StockClient", formats: ["iife"] } },
  })
  return [made].flat()[0].output[0].code
}

/** Frames of the page for some time: how many a second, and the longest. `each` runs before every one. */
export const frames = (page, ms, each = "") =>
  page.evaluate(
    ([ms, each]) =>
      new Promise((resolve) => {
        const act = new Function("frame", each)
        const gaps = []
        const began = performance.now()
        let last = began
        const frame = (at) => {
          gaps.push(at - last)
          last = at
          if (at - began >= ms) {
            gaps.shift()
            resolve({
              perSecond: (gaps.length * 1000) / gaps.reduce((sum, gap) => sum + gap, 0),
              longest: Math.max(...gaps),
            })
          } else {
            act(gaps.length)
            requestAnimationFrame(frame)
          }
        }
        requestAnimationFrame(frame)
      }),
    [ms, each],
  )

/** Megabytes of JavaScript objects that are alive in the page. */
export async function heapOf(page) {
  const session = await page.context().newCDPSession(page)
  await session.send("HeapProfiler.collectGarbage")
  const { usedSize } = await session.send("Runtime.getHeapUsage")
  await session.detach()
  return usedSize / 2 ** 20
}

// The page in a real Chromium on a real installation: every figure that has a budget, and where there is one a peer in
// the same run. A session of 100,000 events is written straight into its stream.
import { withDir } from "./servers.mjs"
import { plain, textTable } from "./table.mjs"
import { openBrowser } from "./ui/browser.mjs"
import { startInstallation, writeSession } from "./ui/installation.mjs"
import { writerOf } from "./ui/live.mjs"
import { living } from "./ui/living.mjs"
import { opening, scrolling, sizesAndPaints } from "./ui/pages.mjs"
import { crowds } from "./ui/tails.mjs"
import { transcript } from "./ui/transcript.mjs"

const EVENTS = 100_000
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
  ["open.cpu", "  of that processor time of the API (ms)", null],
  ["open.unkept", "  where no fold of it is kept (ms)", null],
  ["open.unkeptCpu", "  of that processor time of the API (ms)", null],
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

/** What is measured together, by its name, in this order. */
const PARTS = { paints: sizesAndPaints, opening, scrolling, living, crowds }

/** `only`: some of the parts. @param {{ rounds?: number, only?: readonly string[], say: (text: string) => void }} options */
export async function measureUi({ rounds = 3, only = [], say }) {
  const parts = only.length === 0 ? Object.keys(PARTS) : only
  const unknown = parts.filter((name) => !Object.hasOwn(PARTS, name))
  if (unknown.length > 0) throw new Error(`No such part: ${unknown.join(", ")}`)
  return await withDir(async (dir) => {
    const installation = await startInstallation(dir)
    const browser = await openBrowser()
    try {
      say("writing the sessions")
      const sessions = await writeAll(installation.streams)
      const at = { browser, installation, sessions, rounds, say }
      const figures = {}
      for (const [name, measure] of Object.entries(PARTS)) {
        if (!parts.includes(name)) continue
        // The crowds are no browser's, and it would take of their processor.
        if (measure === crowds) await browser.close()
        Object.assign(figures, await measure(at))
      }
      return figures
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
  return { long, live, writer, title: LIVE }
}

export function uiText(figures) {
  const peers = {
    "idle.p50": figures["idle.peer"]?.p50,
    "idle.p95": figures["idle.peer"]?.p95,
    "beside.p95": figures["beside.peer"],
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

/**
 * Preloaded into a process of agentz: its clock on the wall is off by as many milliseconds as a file says, at any
 * moment something else. `?dir=` holds a file for each kind of process, and `node`, by which what it starts gets such
 * a clock as well. What runs by the time since the machine's start is not touched, as no one who sets a clock could.
 */
import { readFileSync } from "node:fs"
import { basename, join } from "node:path"

const dir = new URL(import.meta.url).searchParams.get("dir")
const program = basename(process.argv[1] ?? "")
const kind = { "streams.js": "streams", "daemon.js": "daemon" }[program] ?? "api"

const RealDate = Date
const READ_AGAIN_MS = 20
let read = Number.NEGATIVE_INFINITY
let offset = 0

function now() {
  if (performance.now() - read > READ_AGAIN_MS) {
    read = performance.now()
    offset = Number(readFileSync(join(dir, kind), "utf8"))
  }
  return RealDate.now() + offset
}

process.execPath = join(dir, "node")
globalThis.Date = new Proxy(RealDate, {
  construct: (target, args, self) => Reflect.construct(target, args.length === 0 ? [now()] : args, self),
  apply: () => new RealDate(now()).toString(),
  get: (target, key) => (key === "now" ? now : Reflect.get(target, key)),
})

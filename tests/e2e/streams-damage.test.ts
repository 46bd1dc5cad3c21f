import { type ChildProcess, spawn } from "node:child_process"
import { createHash } from "node:crypto"
import { copyFileSync, mkdirSync, readFileSync, truncateSync } from "node:fs"
import { join, resolve } from "node:path"
import { createInterface } from "node:readline"
import { afterAll, beforeAll, expect, test, vi } from "vitest"
import { seeded } from "../support/seeded.ts"
import { tempDir } from "../support/temp-dir.ts"
import { StreamClient } from "./streams-client.ts"
import { LONG, spawnServer } from "./streams-process.ts"

const PAGE = 4096
/** Bytes of a header page that hold something. */
const HEADER_BYTES = 160
/** How many offsets of a page are tried; all of them in the long run. */
const OFFSETS = LONG ? PAGE : 24
const FLIPS = LONG ? 500 : 100
/** Of so many stores that are whole, one is also written to. */
const USE_ONE_IN = LONG ? 10 : 1

/** The records of each stream, as digests. */
type Content = Record<string, string[]>

/** A store's file between two commits, and what it holds. */
interface Image {
  readonly file: string
  readonly bytes: Buffer
  readonly content: Content
}

interface Trial {
  readonly base: Image
  readonly patches: readonly (readonly [at: number, bytes: Buffer])[]
  readonly cut?: number
  /** What the file may turn out to hold. */
  readonly mayHold: readonly Image[]
}

interface Outcome {
  readonly verdict: "same" | "refused" | "reported" | "wrong" | "threw" | "died"
  readonly finding?: string
}

let dir: Awaited<ReturnType<typeof tempDir>>
let images: readonly Image[]

beforeAll(async () => {
  dir = await tempDir()
  images = await makeImages(dir.path)
})

afterAll(async () => await dir[Symbol.asyncDispose]())

/** The same store before the last two appends, between them, and after them. */
async function makeImages(path: string): Promise<Image[]> {
  const data = join(path, "data")
  await using server = await spawnServer(data)
  using client = new StreamClient(server.url)
  const content: Content = {}
  const append = async (name: string, body: Buffer) => {
    expect((await client.call("POST", name, { body })).status).toBe(204)
    content[`/v1/stream/${name}`]?.push(createHash("sha1").update(body).digest("base64"))
  }
  for (let stream = 0; stream < 12; stream++) {
    const name = `s${stream}`
    await client.create(name)
    content[`/v1/stream/${name}`] = []
    for (let n = 0; n < 12; n++) await append(name, Buffer.alloc(n === 5 ? 20_000 : 40 + 90 * n, stream + n))
  }
  for (const name of ["s10", "s11"]) {
    await client.call("DELETE", name)
    delete content[`/v1/stream/${name}`]
  }
  await vi.waitFor(async () => {
    const { body } = await client.call("GET", "../../metrics")
    expect(body.toString()).toContain("agentz_streams_trash 0\n")
  })
  const photograph = (name: string): Image => {
    const file = join(path, name)
    copyFileSync(join(data, "data.mdb"), file)
    // The room behind the last page belongs to nobody.
    truncateSync(file, usedBytes(readFileSync(file)))
    return { file, bytes: readFileSync(file), content: structuredClone(content) }
  }
  const first = photograph("first")
  await append("s3", Buffer.alloc(150, 0x31))
  const second = photograph("second")
  await append("s7", Buffer.alloc(3_000, 0x32))
  return [first, second, photograph("third")]
}

const transactionOf = (bytes: Buffer, header: number) => bytes.readBigUInt64LE(header * PAGE + 152)

/** The header page that counts. */
const newestHeader = (bytes: Buffer) => (transactionOf(bytes, 0) > transactionOf(bytes, 1) ? 0 : 1)

const usedBytes = (bytes: Buffer) =>
  (Number(bytes.readBigUInt64LE(newestHeader(bytes) * PAGE + 144)) + 1) * PAGE

/** Where the list of free pages begins; in a store as small as ours it is that one page. */
const freeListPage = (bytes: Buffer) => Number(bytes.readBigUInt64LE(newestHeader(bytes) * PAGE + 48 + 40))

/** Pages, apart from the header's, that a commit has written. */
function writtenPages(before: Image, after: Image): number[] {
  const pages: number[] = []
  for (let page = 2; page * PAGE < after.bytes.length; page++) {
    const [from, to] = [page * PAGE, (page + 1) * PAGE]
    if (!before.bytes.subarray(from, to).equals(after.bytes.subarray(from, to))) pages.push(page)
  }
  return pages
}

const flipped = (base: Image, at: number, bit: number): Trial => ({
  base,
  patches: [[at, Buffer.from([(base.bytes[at] ?? 0) ^ (1 << bit)])]],
  mayHold: [base],
})

/** All of 0 to `count`, or so many of them. */
function offsets(count: number, next: () => number): number[] {
  const all = Array.from({ length: count }, (_, offset) => offset)
  return OFFSETS >= count ? all : Array.from({ length: OFFSETS }, () => Math.floor(next() * count))
}

/** Lets a process of its own open each damaged store, and counts what it said. */
async function judge(name: string, trials: readonly Trial[]): Promise<Record<Outcome["verdict"], number>> {
  const counts = { same: 0, refused: 0, reported: 0, wrong: 0, threw: 0, died: 0 }
  const judgeDir = join(dir.path, name)
  mkdirSync(judgeDir, { mode: 0o700 })
  let child: Judge | null = null
  for (const trial of trials) {
    child ??= new Judge(judgeDir)
    const outcome = await child.ask(trial)
    counts[outcome.verdict]++
    if (outcome.verdict === "died") child = null
    if (["wrong", "threw", "died"].includes(outcome.verdict)) {
      const where = trial.patches.map(([at, bytes]) => `${at}+${bytes.length}`).join(" ")
      console.log(`${outcome.verdict}: ${outcome.finding} (damage at ${where}, cut ${trial.cut})`)
    }
  }
  await child?.stop()
  console.log(`${name}: ${trials.length} damaged files: ${JSON.stringify(counts)}`)
  return counts
}

class Judge {
  readonly #child: ChildProcess
  readonly #lines: AsyncIterator<string>
  #asked = 0

  constructor(path: string) {
    const words = [resolve("tests/e2e/streams-damage-child.mjs"), resolve("dist/streams/engine"), path]
    const child = spawn(process.execPath, words, { stdio: ["pipe", "pipe", "ignore"] })
    child.stdin.on("error", () => undefined)
    this.#child = child
    this.#lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  }

  async ask({ base, patches, cut, mayHold }: Trial): Promise<Outcome> {
    const line = {
      use: this.#asked++ % USE_ONE_IN === 0,
      base: base.file,
      patches: patches.map(([at, bytes]) => [at, bytes.toString("base64")]),
      cut: cut ?? null,
      expected: mayHold.map(({ content }) => content),
    }
    this.#child.stdin?.write(`${JSON.stringify(line)}\n`)
    const answer = await this.#lines.next()
    return answer.done ? { verdict: "died" } : JSON.parse(answer.value)
  }

  async stop(): Promise<void> {
    const gone = new Promise((done) => this.#child.once("exit", done))
    this.#child.stdin?.end()
    await gone
  }
}

const LIMIT_MS = LONG ? 2_400_000 : 60_000

test(
  "an append that was torn at any byte before its answer takes nothing with it",
  async () => {
    const { next } = seeded("torn appends")
    const trials: Trial[] = []
    for (const [before, after] of [images.slice(0, 2), images.slice(1, 3)]) {
      if (!before || !after) throw new Error("an image is missing")
      const pages = writtenPages(before, after)
      const whole = pages.map(
        (page) => [page * PAGE, after.bytes.subarray(page * PAGE, (page + 1) * PAGE)] as const,
      )
      for (const [index, page] of pages.entries()) {
        for (const offset of offsets(PAGE, next)) {
          // The pages before this one are written, of this one a beginning; the header page is not.
          const torn = [page * PAGE, after.bytes.subarray(page * PAGE, page * PAGE + offset)] as const
          trials.push({ base: before, patches: [...whole.slice(0, index), torn], mayHold: [before] })
        }
      }
      const header = newestHeader(after.bytes) * PAGE
      for (const offset of offsets(HEADER_BYTES + 1, next)) {
        const torn = [header, after.bytes.subarray(header, header + offset)] as const
        trials.push({ base: before, patches: [...whole, torn], mayHold: [before, after] })
      }
    }
    const { same, ...others } = await judge("torn", trials)
    expect(others).toEqual({ refused: 0, reported: 0, wrong: 0, threw: 0, died: 0 })
    expect(same).toBe(trials.length)
  },
  LIMIT_MS,
)

test(
  "what an acknowledged append wrote, filled or cut from any byte on, is refused or reported, never served",
  async () => {
    const { next } = seeded("filled and cut pages")
    const [first, , third] = images
    if (!first || !third) throw new Error("an image is missing")
    const trials: Trial[] = []
    for (const page of writtenPages(first, third)) {
      for (const offset of offsets(PAGE, next)) {
        for (const filling of [0, 0xa5]) {
          const rest = Buffer.alloc(PAGE - offset, filling)
          trials.push({ base: third, patches: [[page * PAGE + offset, rest]], mayHold: [third] })
        }
      }
    }
    for (let page = 1; page <= 2; page++) {
      for (const offset of offsets(PAGE, next)) {
        const cut = third.bytes.length - page * PAGE + offset
        trials.push({ base: third, patches: [], cut, mayHold: [third] })
      }
    }
    const { wrong, threw, died, refused, reported } = await judge("acknowledged", trials)
    expect({ wrong, threw, died }).toEqual({ wrong: 0, threw: 0, died: 0 })
    expect(refused + reported).toBeGreaterThan(trials.length / 4)
  },
  LIMIT_MS,
)

test(
  "a flipped bit anywhere is refused, reported or without effect, never served",
  async () => {
    const { next } = seeded("flipped bits")
    const third = images[2]
    if (!third) throw new Error("an image is missing")
    const trials = Array.from({ length: FLIPS }, (): Trial => {
      const at = Math.floor(next() * third.bytes.length)
      return flipped(third, at, Math.floor(next() * 8))
    })
    const { wrong, threw, died } = await judge("flips", trials)
    expect({ wrong, threw, died }).toEqual({ wrong: 0, threw: 0, died: 0 })
  },
  LIMIT_MS,
)

test(
  "a flipped bit in the list of free pages, or in a header page, never ends the process",
  async () => {
    const { next } = seeded("flipped bits in the free list and the headers")
    const third = images[2]
    if (!third) throw new Error("an image is missing")
    const ranges = [
      [freeListPage(third.bytes) * PAGE, PAGE],
      [0, HEADER_BYTES],
      [PAGE, HEADER_BYTES],
    ] as const
    const trials = ranges.flatMap(([start, length]) =>
      offsets(length, next).flatMap((offset) =>
        LONG
          ? Array.from({ length: 8 }, (_, bit) => flipped(third, start + offset, bit))
          : [flipped(third, start + offset, Math.floor(next() * 8))],
      ),
    )
    const { wrong, threw, died, refused } = await judge("free list and headers", trials)
    expect({ wrong, threw, died }).toEqual({ wrong: 0, threw: 0, died: 0 })
    expect(refused).toBeGreaterThan(0)
  },
  LIMIT_MS,
)

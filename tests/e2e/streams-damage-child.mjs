/**
 * Opens damaged stores, one for each line it is given, and says what became of them. A process of its own,
 * since the native library may die of them. Arguments: the built engine's folder, a folder to work in.
 */
import { createHash } from "node:crypto"
import { readFileSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { createInterface } from "node:readline"

const [engineDir, dir] = process.argv.slice(2)
const { checkStoreFile } = await import(join(engineDir, "check.js"))
const { openStore } = await import(join(engineDir, "store.js"))
const { appendTo } = await import(join(engineDir, "append.js"))
const { Change } = await import(join(engineDir, "operation.js"))
const { Engine } = await import(join(engineDir, "engine.js"))
const { EngineError } = await import(join(engineDir, "errors.js"))

const file = join(dir, "data.mdb")
const bases = new Map()
const baseOf = (name) => {
  if (!bases.has(name)) bases.set(name, readFileSync(name))
  return bases.get(name)
}
const digest = (payload) => createHash("sha1").update(payload).digest("base64")

/** `null` when every stream is there as it should be, else what is wrong; `reported` when the engine says so. */
function compare(engine, expected) {
  let reported = false
  for (const path of engine.catalog.byPath.keys()) {
    if (!(path in expected)) return { wrong: `${path} is back` }
  }
  for (const [path, digests] of Object.entries(expected)) {
    if (!engine.catalog.byPath.has(path)) return { wrong: `${path} is gone` }
    const stream = engine.find(path)
    const found = []
    try {
      for (let at = 0; at < stream.meta.next; ) {
        const run = engine.read(stream, at, 65_536)
        found.push(...run.payloads.map(digest))
        at = run.next
      }
      if (found.length !== digests.length) return { wrong: `${path} has ${found.length} records` }
    } catch (error) {
      if (!(error instanceof EngineError)) throw error
      reported = true
    }
    if (found.some((each, n) => each !== digests[n]))
      return { wrong: `${path} has a record that was never sent` }
  }
  return reported ? { reported } : null
}

/** Writes to the store as it is, so that the list of free pages is used as well. */
async function write(engine, expected) {
  const [first, second] = Object.keys(expected)
  const request = { contentType: undefined, close: false, seq: undefined, producer: undefined }
  const after = { ...expected, [first]: [...expected[first]] }
  for (let n = 0; n < 3; n++) {
    const body = Buffer.alloc(5_000, n)
    const { contentType } = engine.find(first).meta
    const change = new Change((draft) => appendTo(draft, { ...request, path: first, body, contentType }), {
      bytes: body.length,
    })
    engine.submit(change)
    await change.done
    after[first].push(digest(body))
  }
  await engine.remove(second)
  delete after[second]
  return after
}

async function judge({ base, patches, cut, expected, use }) {
  const bytes = Buffer.from(baseOf(base))
  for (const [at, patch] of patches) bytes.set(Buffer.from(patch, "base64"), at)
  rmSync(`${file}-lock`, { force: true })
  writeFileSync(file, cut === null ? bytes : bytes.subarray(0, cut))
  // Must not throw, whatever the file holds.
  const finding = checkStoreFile(file, "whole")
  if (finding !== null) return { verdict: "refused", finding }
  let store
  let engine
  let fatal = null
  const onFatal = (error) => {
    fatal = error
  }
  try {
    store = await openStore(dir, "whole")
    engine = new Engine({ store, log: () => undefined, onFatal })
    const answers = expected.map((each) => compare(engine, each))
    const index = answers.findIndex((answer) => answer === null || answer.reported)
    if (index === -1) return { verdict: "wrong", finding: answers.map(({ wrong }) => wrong).join("; ") }
    if (answers[index]?.reported) return { verdict: "reported" }
    if (!use) return { verdict: "same" }
    const after = compare(engine, await write(engine, expected[index]))
    if (after?.wrong) return { verdict: "wrong", finding: `after use: ${after.wrong}` }
    return { verdict: after ? "reported" : "same" }
  } catch (error) {
    if (!(error instanceof EngineError)) return { verdict: "threw", finding: String(error?.stack) }
    return { verdict: "reported", finding: fatal ? "fatal" : error.code }
  } finally {
    await (engine ?? store)?.close().catch(() => undefined)
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(`${JSON.stringify(await judge(JSON.parse(line)))}\n`)
}

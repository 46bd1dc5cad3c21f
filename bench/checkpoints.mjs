// What it costs to keep the files of a session: trees of many files, in a repository and outside of one.
import { execFileSync } from "node:child_process"
import { mkdirSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { bind } from "../dist/daemon/git/checkpoint.js"
import { changesBetween } from "../dist/daemon/git/differences.js"
import { headOf, placeOf } from "../dist/daemon/git/place.js"
import { planRestore, restore } from "../dist/daemon/git/restore.js"
import { snapshot } from "../dist/daemon/git/snapshot.js"
import { withDir } from "./servers.mjs"
import { plain, textTable } from "./table.mjs"

const COUNTS = [10_000, 100_000]
const PER_FOLDER = 100
const ROUNDS = 5

/** @param {{ say: (text: string) => void }} options */
export async function measureCheckpoints({ say }) {
  const results = []
  for (const files of COUNTS)
    for (const repository of [true, false]) {
      say(`${files} files ${repository ? "in a repository" : "in a plain directory"}`)
      results.push(await withDir((dir) => measure(dir, { files, repository })))
    }
  return results
}

async function measure(dir, { files, repository }) {
  const path = join(dir, "project")
  const home = join(dir, "home")
  for (let n = 0; n < files; n++) {
    const folder = join(path, `folder-${Math.floor(n / PER_FOLDER)}`)
    if (n % PER_FOLDER === 0) mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, `${n}.ts`), `export const value${n} = ${n}\n`.repeat(60))
  }
  if (repository) {
    const git = (...args) =>
      execFileSync("git", ["-c", "user.name=A", "-c", "user.email=a@b", ...args], { cwd: path })
    git("init", "-q")
    git("add", ".")
    git("commit", "-qm", "first")
  }
  const place = await placeOf(home, "ses_bench", path)
  let before = null
  const take = async () => {
    const started = performance.now()
    const now = await snapshot(place)
    if (before?.tree !== now.tree) {
      const n = (before?.n ?? 0) + 1
      const head = await headOf(place)
      const commit = await bind(place, {
        n,
        tree: now.tree,
        before: before?.commit ?? null,
        head,
        text: "bench",
      })
      before = { n, commit, tree: now.tree }
      await now.remember()
    }
    await now[Symbol.asyncDispose]()
    return performance.now() - started
  }
  const first = await take()
  const base = before.tree
  await take()
  const same = await best(take)
  const one = await best((round) => {
    writeFileSync(join(path, "folder-0/0.ts"), `round ${round}\n`)
    return take()
  })
  const hundred = await best((round) => {
    for (let n = 0; n < 100; n++) writeFileSync(join(path, `folder-${n}/new.ts`), `round ${round} ${n}\n`)
    return take()
  })
  const look = await best(async () => {
    const started = performance.now()
    const now = await snapshot(place, { passing: true })
    await changesBetween({ root: path, own: now.own }, base, now.tree)
    await now[Symbol.asyncDispose]()
    return performance.now() - started
  })
  rmSync(join(path, "folder-1"), { recursive: true })
  const started = performance.now()
  const now = await snapshot(place)
  await restore(place, now, await planRestore(place, now, base))
  await now[Symbol.asyncDispose]()
  return { files, repository, first, same, one, hundred, look, back: performance.now() - started }
}

/** Another one's work on the machine only ever makes it slower. */
async function best(work) {
  const times = []
  for (let round = 0; round < ROUNDS; round++) times.push(await work(round))
  return Math.min(...times)
}

export const checkpointsText = (results) =>
  textTable(
    [
      "files",
      "first",
      "nothing changed",
      "1 changed",
      "100 changed",
      "compared with now",
      "200 put back",
      "ms",
    ],
    results.map(({ files, repository, first, same, one, hundred, look, back }) => [
      `${files.toLocaleString("en-US")}${repository ? " in a repository" : ""}`,
      ...[first, same, one, hundred, look, back].map(plain),
      "",
    ]),
  )

/** Files of a working directory, to be named in a message: found by a few letters of their paths. */
import { realpath } from "node:fs/promises"
import { basename, join, relative, sep } from "node:path"
import fuzzysort, { type KeysResult, type SnapshotKeys } from "fuzzysort"
import { filesInRepository } from "#daemon/git/files"
import type { FilesFound } from "../plane.ts"
import { walk } from "./walk.ts"

/** Somebody types: each letter asks again. */
const FRESH_MS = 5_000
const DIRECTORIES = 8
const LIMIT = 20

/** More than these are not looked through: a letter has to be answered while the next one is typed. */
const MOST_FILES = 50_000
/** How like a name has to be, from 0 to 1. */
const THRESHOLD = 0.3

interface File {
  readonly path: string
  readonly name: string
  readonly depth: number
}

interface Listing {
  /** The near ones first. */
  readonly files: readonly File[]
  readonly snapshot: SnapshotKeys<File>
  readonly complete: boolean
}

/** A name counts more than the folders it is in, and of two that are alike the nearer one. */
const scoreOf = (result: KeysResult<File>): number =>
  Math.max(result[0]?.score ?? 0, 0.9 * (result[1]?.score ?? 0)) - result.obj.depth / 1000

export function filesOf(home: string) {
  const kept = new Map<string, { readonly at: number; readonly listing: Promise<Listing> }>()

  function listed(directory: string): Promise<Listing> {
    const known = kept.get(directory)
    if (known && performance.now() - known.at < FRESH_MS) return known.listing
    const listing = listingOf(directory, home)
    kept.delete(directory)
    kept.set(directory, { at: performance.now(), listing })
    for (const oldest of [...kept.keys()].slice(0, -DIRECTORIES)) kept.delete(oldest)
    listing.catch(() => kept.delete(directory)) // Whoever asked hears of it; the next one tries again.
    return listing
  }

  /** `directory` by its real path. */
  return async function find(
    directory: string,
    { query, limit = LIMIT }: { readonly query: string; readonly limit?: number | undefined },
  ): Promise<FilesFound> {
    const { files, snapshot, complete } = await listed(directory)
    const wanted = query.trim()
    const found =
      wanted === ""
        ? files.slice(0, 2 * limit)
        : fuzzysort
            .go(wanted, snapshot, { limit: 2 * limit, threshold: THRESHOLD, scoreFn: scoreOf })
            .map(({ obj }) => obj)
    const there = await Promise.all(found.map(({ path }) => leadsInside(directory, path)))
    const paths = found.filter((_, index) => there[index]).map(({ path }) => path)
    return { files: paths.slice(0, limit), complete }
  }
}

async function listingOf(directory: string, home: string): Promise<Listing> {
  const tracked = await filesInRepository(directory)
  // A directory that its repository ignores has nothing to list there.
  const { files, complete } = tracked?.length ? { files: tracked, complete: true } : await walk(directory)
  const closed = `${relative(directory, await realpath(home))}${sep}`
  const shown = files
    .filter((path) => !path.startsWith(closed) && !CONTROLS.test(path))
    .map((path) => ({ path, name: basename(path), depth: path.split("/").length }))
    .sort((a, b) => a.depth - b.depth || (a.path < b.path ? -1 : 1))
  const near = shown.slice(0, MOST_FILES)
  return {
    files: near,
    snapshot: fuzzysort.snapshot(near, { keys: ["name", "path"] }),
    complete: complete && near.length === shown.length,
  }
}

/** A name that breaks the line it stands in is nothing to write into a message. */
const CONTROLS = /\p{Cc}/u

/** Not where it is gone since, or is a link to somewhere else. */
async function leadsInside(directory: string, path: string): Promise<boolean> {
  const real = await realpath(join(directory, path)).catch(() => null)
  return real?.startsWith(directory === sep ? sep : `${directory}${sep}`) ?? false
}

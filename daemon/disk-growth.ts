/**
 * By how much some directories have grown since a session began. To walk them costs time, so it is only done when
 * their file system has filled by as much as is still allowed, and at times in any case.
 */
import { readFileSync, statfsSync, writeFileSync } from "node:fs"
import { lstat, readdir } from "node:fs/promises"
import { join } from "node:path"
import { z } from "zod"

export interface DiskGrowth {
  /** As of the last walk. */
  bytes(): number
  /** Walks if it is time to; returns at once. */
  look(): void
  /** Resolves when it is known what was there before. */
  ready(): Promise<void>
}

export interface DiskGrowthOptions {
  /** The first one is where most is expected; what lies on another file system is not looked at. */
  readonly dirs: readonly [string, ...string[]]
  /** Keeps what was there when the session began, over restarts. */
  readonly baseline: string
  readonly limitMb: () => number | undefined
}

/** A walk may take one part in so many of the time. */
const SHARE = 20
const AT_LEAST_EVERY_MS = 60_000
const MIB = 1024 * 1024

export function diskGrowth({ dirs, baseline, limitMb }: DiskGrowthOptions): DiskGrowth {
  let before = readBaseline(baseline)
  let grown = 0
  let usedThen = 0
  let walkedAt = Number.NEGATIVE_INFINITY
  let restUntil = 0
  let walking: Promise<void> | null = null

  async function walk(): Promise<void> {
    const started = performance.now()
    usedThen = usedAt(dirs[0])
    const total = (await Promise.all(dirs.map(sizeOf))).reduce((sum, size) => sum + size, 0)
    if (before === null) {
      before = total
      writeBaseline(baseline, total)
    }
    grown = total - before
    walkedAt = performance.now()
    restUntil = walkedAt + SHARE * (walkedAt - started)
  }

  const start = (): Promise<void> => {
    walking ??= walk().finally(() => {
      walking = null
    })
    return walking
  }

  return {
    bytes: () => grown,
    look() {
      const limit = limitMb()
      const now = performance.now()
      if (limit === undefined || walking || now < restUntil) return
      const filled = usedAt(dirs[0]) - usedThen
      if (filled >= limit * MIB - grown || now - walkedAt > AT_LEAST_EVERY_MS) void start()
    },
    ready: async () => {
      if (limitMb() !== undefined && before === null) await start()
    },
  }
}

/** In bytes, of everybody. */
function usedAt(dir: string): number {
  try {
    const { blocks, bfree, bsize } = statfsSync(dir)
    return (blocks - bfree) * bsize
  } catch {
    return 0 // The directory is gone; whoever works in it says so.
  }
}

/** What the files take on the disk. No link is followed and no other file system entered. */
async function sizeOf(root: string): Promise<number> {
  const top = await lstat(root).catch(() => null)
  if (top === null) return 0
  let bytes = 0
  for (const open = [root]; open.length > 0; ) {
    const dir = open.pop()
    if (dir === undefined) break
    const entries = await readdir(dir, { withFileTypes: true }).catch(() => [])
    for (const entry of entries) {
      const path = join(dir, entry.name)
      // What is removed while we walk takes no place.
      const stat = await lstat(path).catch(() => null)
      if (stat === null || stat.dev !== top.dev) continue
      // A file of many names is counted with each of them; that is rare, and only ever too much.
      bytes += stat.blocks * 512
      if (stat.isDirectory()) open.push(path)
    }
  }
  return bytes
}

const Baseline = z.object({ bytes: z.number() })

function readBaseline(path: string): number | null {
  try {
    return Baseline.parse(JSON.parse(readFileSync(path, "utf8"))).bytes
  } catch {
    return null // The first daemon of the session.
  }
}

function writeBaseline(path: string, bytes: number): void {
  try {
    writeFileSync(path, JSON.stringify({ bytes }), { mode: 0o600 })
  } catch {
    // On a full disk the next daemon counts from where it finds things.
  }
}

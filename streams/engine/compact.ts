import { chmodSync, existsSync, renameSync, rmSync, statSync } from "node:fs"
import { join } from "node:path"
import { lastTransaction } from "./check.ts"
import { prepareDataDir } from "./data-dir.ts"
import { controlKey } from "./keys.ts"
import { writeLastRun } from "./last-run.ts"
import { bootId, DirLock } from "./lock.ts"
import { sealRecord } from "./record.ts"
import { openStore, openUnchecked, STORE_FILE } from "./store.ts"
import { syncPath } from "./sync-path.ts"

/**
 * Gives the space of deleted streams back to the disk, which needs room for a copy of what is left. No server
 * may run on the directory meanwhile. Killed at any moment, it leaves either the old file or the new one.
 */
export async function compactStreams(
  dataDir: string,
): Promise<{ readonly before: number; readonly after: number }> {
  const file = join(dataDir, STORE_FILE)
  if (!existsSync(file)) return { before: 0, after: 0 }
  prepareDataDir(dataDir)
  using _ = DirLock.take(dataDir)
  const copy = `${file}.compact`
  const before = statSync(file).size
  rmSync(copy, { force: true })
  const store = await openStore(dataDir, "whole")
  try {
    await store.copyCompact(copy)
  } finally {
    await store.close()
  }
  chmodSync(copy, 0o600)
  await renewHeaders(copy)
  syncPath(copy)
  renameSync(copy, file)
  syncPath(dataDir)
  writeLastRun(dataDir, {
    state: "closed",
    pid: process.pid,
    boot: bootId(),
    transaction: lastTransaction(file),
    sound: true,
    signal: null,
    damage: null,
  })
  return { before, after: statSync(file).size }
}

/** A fresh copy has one header page of its own and an empty one; two commits make them the neighbours they should be. */
async function renewHeaders(copy: string): Promise<void> {
  const store = openUnchecked(copy)
  const key = controlKey("compacted")
  for (let turn = 0; turn < 2; turn++) {
    const row = sealRecord(key, Buffer.from(new Date().toISOString()))
    await store.commit({ messages: [], state: [[key, row]], bytes: row.length })
  }
  await store.close()
  rmSync(`${copy}-lock`, { force: true })
}

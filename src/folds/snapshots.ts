/**
 * Folds of sessions in the home, so that a long one is opened without reading all of its stream. They are a saving and
 * nothing else: whatever is wrong with one, it is as if it were not there, and all of them may be deleted at any time.
 */
import { randomBytes } from "node:crypto"
import { constants } from "node:fs"
import { open, readdir, rename, rm } from "node:fs/promises"
import { join } from "node:path"
import { SessionId } from "#streams/ids"
import { privateDirectory } from "../home.ts"
import { foldVersion } from "./fold-version.ts"
import { isSameSource, type SessionAt, type Source } from "./session-at.ts"
import { linesOf, parseHead, parseSnapshot, type SnapshotHead } from "./snapshot.ts"

const READ = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK
const CREATE = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW
/** Longer than any head. */
const HEAD_BYTES = 4_096

export interface Snapshots {
  /** What is kept of that very stream by this very fold; `null` where there is nothing that is whole. */
  load(sessionId: SessionId, source: Source): Promise<SessionAt | null>
  /** Up to which event it reaches; -1 where there is none to use. */
  seqOf(sessionId: SessionId, source: Source): Promise<number>
  keep(at: SessionAt): Promise<void>
  drop(sessionId: SessionId): Promise<void>
  /** Drops those of sessions that nobody knows, and what was left half written. */
  dropOthers(isKnown: (sessionId: SessionId) => boolean): Promise<void>
}

export const snapshotDir = (home: string): string => join(home, "folds")

export function snapshotsIn(home: string): Snapshots {
  const dir = snapshotDir(home)
  const fileOf = (sessionId: SessionId) => join(dir, `${sessionId}.ndjson`)
  const isFor = async ({ version, source }: SnapshotHead, wanted: Source) =>
    isSameSource(source, wanted) && version === (await foldVersion())

  async function headOf(sessionId: SessionId): Promise<SnapshotHead | null> {
    const file = await open(fileOf(sessionId), READ).catch(() => null)
    if (file === null) return null
    try {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0)
      const text = buffer.toString("utf8", 0, bytesRead)
      return parseHead(text.slice(0, text.indexOf("\n")))
    } catch {
      return null
    } finally {
      await file.close()
    }
  }

  const drop = (sessionId: SessionId) => rm(fileOf(sessionId), { force: true })

  return {
    drop,

    async load(sessionId, source) {
      const head = await headOf(sessionId)
      if (head === null || !(await isFor(head, source))) return null
      const file = await open(fileOf(sessionId), READ).catch(() => null)
      if (file === null) return null
      try {
        const found = await parseSnapshot(await file.readFile())
        if (found !== null && found.head.sessionId === sessionId)
          return (await isFor(found.head, source)) ? found.at : null
        // Its head looks well, so nothing would ever put another one in its place.
        await drop(sessionId)
        return null
      } catch {
        return null
      } finally {
        await file.close()
      }
    },

    async seqOf(sessionId, source) {
      const head = await headOf(sessionId)
      return head !== null && (await isFor(head, source)) ? head.seq : -1
    },

    async keep(at) {
      const { sessionId } = at.value
      await privateDirectory(dir, undefined, { insideHome: true })
      const draft = join(dir, `${sessionId}.${randomBytes(6).toString("hex")}.draft`)
      const file = await open(draft, CREATE, 0o600)
      try {
        for (const line of linesOf(at, await foldVersion())) await file.write(line)
        await file.sync()
        await rename(draft, fileOf(sessionId))
      } catch (error) {
        await rm(draft, { force: true })
        throw error
      } finally {
        await file.close()
      }
    },

    async dropOthers(isKnown) {
      for (const name of await readdir(dir).catch(() => [])) {
        const sessionId = SessionId.safeParse(name.replace(/[.]ndjson$/, "")).data
        if (sessionId === undefined || !isKnown(sessionId)) await rm(join(dir, name), { force: true })
      }
    },
  }
}

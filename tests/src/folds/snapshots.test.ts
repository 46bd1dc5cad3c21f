import { readdir, readFile, symlink, writeFile } from "node:fs/promises"
import { join } from "node:path"
import fc from "fast-check"
import { expect, test } from "vitest"
import { foldsOf } from "#src/folds"
import { foldVersion } from "#src/folds/fold-version"
import { isWorthKeeping } from "#src/folds/keep-snapshots"
import { readOn, type SessionAt, type Source, unread } from "#src/folds/session-at"
import { linesOf, parseSnapshot } from "#src/folds/snapshot"
import { snapshotDir, snapshotsIn } from "#src/folds/snapshots"
import { parseEvent } from "#streams/event"
import { newSessionId, SessionId } from "#streams/ids"
import { paths } from "#streams/paths"
import { archiveRowChange, sessionRowChange } from "#streams/registry"
import { emptySession } from "#streams/session"
import { foldSession } from "#streams/session-fold"
import { appendTo, createStream, deleteStream, START } from "#streams/stream"
import { anyEvents } from "../../support/any-events.ts"
import { createSession, streamServer } from "../../support/stream-server.ts"
import { tempDir } from "../../support/temp-dir.ts"

const some = SessionId.parse("ses_test")
const source: Source = { stream: paths.events(some), copy: 0 }
const bytesOf = (at: SessionAt) => Buffer.from([...linesOf(at, "v1")].join(""))

const chunk = (seq: number, text = `${seq} `) => ({
  ...{ type: "agent_message_chunk", turnId: "turn_one", messageId: `m${Math.floor(seq / 40)}`, text },
  ...{ id: `evt_${seq}`, seq, epoch: 1, at: "2026-01-01T00:00:00.000Z" },
})
const chunks = (from: number, to: number) => Array.from({ length: to - from }, (_, n) => chunk(from + n))

/** A session of a real server, and a home; `folds()` are those of a control plane that was just started. */
async function told(events: readonly unknown[]) {
  const server = await streamServer()
  const home = await tempDir()
  const sessionId = newSessionId()
  await createStream(server.endpoint, paths.registry)
  await createSession(server.endpoint, sessionId)
  const row = { sessionId, agentType: "demo", workingDir: "/", title: "t", permissionMode: "ask" as const }
  await appendTo(server.endpoint, paths.registry, [sessionRowChange({ ...row, createdAt: "" })])
  await appendTo(server.endpoint, paths.events(sessionId), events)
  const snapshots = snapshotsIn(home.path)
  const here = { stream: paths.events(sessionId), copy: 0 }
  const reads: string[] = []
  const counting: typeof fetch = (input, init) => {
    const { pathname, search } = new URL(String(input))
    if (pathname.endsWith("/events")) reads.push(search)
    return fetch(input, init)
  }
  return {
    server,
    home: home.path,
    sessionId,
    snapshots,
    here,
    reads,
    folds: () => foldsOf(server.endpoint, { fetch: counting, forMs: 0 }, snapshots),
    truth: async () => (await foldsOf(server.endpoint, { forMs: 0 }).session(sessionId)).value,
    keep: async () => snapshots.keep(await readOn(server.endpoint, unread(sessionId, here), { forMs: 0 })),
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]()
      await home[Symbol.asyncDispose]()
    },
  }
}

test("a fold that was kept and read on is the fold from the beginning, wherever it was kept", async () => {
  await fc.assert(
    fc.asyncProperty(anyEvents, fc.nat(60), async (events, cut) => {
      // As a reader takes them: what no schema knows is not among them.
      const read = events.map(parseEvent).filter((event) => event !== null)
      expect(read).toHaveLength(events.length)
      const before = foldSession(emptySession(some), read.slice(0, cut))
      const mark = { from: START, id: "evt_0" }
      const kept = await parseSnapshot(bytesOf({ source, value: before, offset: "7", mark }))
      expect(kept?.at.value).toEqual(before)
      expect(kept?.at).toMatchObject({ source, offset: "7", mark })
      const after = foldSession(kept?.at.value ?? emptySession(some), read.slice(cut))
      expect(after).toEqual(foldSession(emptySession(some), read))
    }),
    { numRuns: 300 },
  )
})

test("whatever of a snapshot is changed, cut off or added, it is ignored", async () => {
  const value = foldSession(
    emptySession(some),
    chunks(0, 400)
      .map(parseEvent)
      .filter((event) => event !== null),
  )
  const bytes = bytesOf({ source, value, offset: "7", mark: { from: START, id: "evt_399" } })
  expect((await parseSnapshot(bytes))?.at.value).toEqual(value)
  await fc.assert(
    fc.asyncProperty(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), async (at, flip) => {
      const changed = Buffer.from(bytes)
      changed[at] = (changed[at] ?? 0) ^ flip
      const read = await parseSnapshot(changed)
      // The last newline is none of the content.
      if (at < bytes.length - 1) expect(read).toBeNull()
      expect(await parseSnapshot(bytes.subarray(0, at))).toBeNull()
    }),
    { numRuns: 300 },
  )
  expect(await parseSnapshot(Buffer.concat([Buffer.from("[]\n"), bytes]))).toBeNull()
  expect(await parseSnapshot(Buffer.from(""))).toBeNull()
})

test("a session that was kept is not read from its beginning again, and has all that was said since", async () => {
  await using at = await told(chunks(0, 500))
  await at.keep()
  await appendTo(at.server.endpoint, paths.events(at.sessionId), chunks(500, 640))
  const { value, offset } = await at.folds().session(at.sessionId)
  expect(value).toEqual(await at.truth())
  expect(value.seq).toBe(639)
  expect(at.reads.length).toBeGreaterThan(0)
  // The window that ended with the newest event is read again, to see that it is still there.
  await at.snapshots.keep({
    ...(await readOn(at.server.endpoint, unread(at.sessionId, at.here), {})),
    offset,
  })
  at.reads.length = 0
  const second = at.folds()
  expect((await second.session(at.sessionId)).value).toEqual(value)
  await appendTo(at.server.endpoint, paths.events(at.sessionId), chunks(640, 650))
  expect((await second.session(at.sessionId)).value).toEqual(await at.truth())
})

test("a snapshot made of a snapshot begins where that one ended", async () => {
  await using at = await told(chunks(0, 300))
  await at.keep()
  await appendTo(at.server.endpoint, paths.events(at.sessionId), chunks(300, 400))
  const known = await at.snapshots.load(at.sessionId, at.here)
  if (known === null) throw new Error("Nothing was kept.")
  await at.snapshots.keep(await readOn(at.server.endpoint, known, {}))
  at.reads.length = 0
  expect((await at.folds().session(at.sessionId)).value).toEqual(await at.truth())
  expect(at.reads.filter((search) => search === "?offset=-1")).toEqual([])
})

test("a stream that was put back to an earlier state is believed, not what was kept of it", async () => {
  await using at = await told(chunks(0, 300))
  await at.keep()
  const events = paths.events(at.sessionId)
  await deleteStream(at.server.endpoint, events)
  await createStream(at.server.endpoint, events)
  // Shorter, with other words; then as long as it was.
  for (const length of [100, 200]) {
    const from = length === 100 ? 0 : 100
    const others = chunks(from, from + length).map((event) => ({
      ...event,
      id: `${event.id}x`,
      text: "other ",
    }))
    await appendTo(at.server.endpoint, events, others)
    const { value } = await at.folds().session(at.sessionId)
    expect(value).toEqual(await at.truth())
    expect(value.seq).toBe(from + length - 1)
  }
})

test("a session that was archived and came back is not read on from what was kept before", async () => {
  await using at = await told(chunks(0, 300))
  await at.keep()
  expect(await at.snapshots.seqOf(at.sessionId, at.here)).toBe(299)
  const row = { sessionId: at.sessionId, epoch: 5, archivedAt: null, stream: null }
  await appendTo(at.server.endpoint, paths.registry, [archiveRowChange(row)])
  let drops = 0
  const loads: unknown[] = []
  const watched = {
    load: async (...asked: Parameters<typeof at.snapshots.load>) => {
      const found = await at.snapshots.load(...asked)
      loads.push(found)
      return found
    },
    drop: async () => void drops++,
  }
  const folds = foldsOf(at.server.endpoint, { forMs: 0 }, watched)
  expect((await folds.session(at.sessionId)).value).toEqual(await at.truth())
  expect({ loads, drops }).toEqual({ loads: [null], drops: 0 })
})

test("a damaged file is put away, one of another fold is left alone, and a link is not followed", async () => {
  await using at = await told(chunks(0, 300))
  await at.keep()
  const file = join(snapshotDir(at.home), `${at.sessionId}.ndjson`)
  const whole = await readFile(file, "utf8")
  await writeFile(file, whole.replace(await foldVersion(), "0".repeat(32)))
  expect(await at.snapshots.load(at.sessionId, at.here)).toBeNull()
  expect(await at.snapshots.seqOf(at.sessionId, at.here)).toBe(-1)
  expect(await readdir(snapshotDir(at.home))).toHaveLength(1)
  await writeFile(file, whole.replace("299 ", "298 "))
  expect(await at.snapshots.load(at.sessionId, at.here)).toBeNull()
  expect(await readdir(snapshotDir(at.home))).toEqual([])
  const elsewhere = join(at.home, "elsewhere")
  await writeFile(elsewhere, whole)
  await symlink(elsewhere, file)
  expect(await at.snapshots.load(at.sessionId, at.here)).toBeNull()
  expect((await at.folds().session(at.sessionId)).value).toEqual(await at.truth())
})

test("what nobody knows any more, or was left half written, is dropped", async () => {
  await using at = await told(chunks(0, 300))
  await at.keep()
  await writeFile(join(snapshotDir(at.home), `${at.sessionId}.ab12.draft`), "half")
  await at.snapshots.dropOthers((sessionId) => sessionId === at.sessionId)
  expect(await readdir(snapshotDir(at.home))).toEqual([`${at.sessionId}.ndjson`])
  await at.snapshots.dropOthers(() => false)
  expect(await readdir(snapshotDir(at.home))).toEqual([])
})

test("all that is written stays in proportion to what is said", () => {
  let written = 0
  let kept = -1
  for (let seq = 0; seq < 200_000; seq++)
    if (isWorthKeeping(seq, kept)) {
      kept = seq
      written += seq
    }
  expect(kept).toBeGreaterThan(170_000)
  expect(written).toBeLessThan(10 * 200_000)
})

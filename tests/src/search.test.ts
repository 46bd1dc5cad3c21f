import { readdir, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { expect, test } from "vitest"
import { foldsOf } from "#src/folds"
import { readOn, unread } from "#src/folds/session-at"
import { snapshotDir, snapshotsIn } from "#src/folds/snapshots"
import type { SearchResult } from "#src/plane"
import { searchOf } from "#src/search"
import type { Unstamped } from "#streams/event"
import { newSessionId, type SessionId, type TurnId } from "#streams/ids"
import { paths } from "#streams/paths"
import { activityRowChange, archiveRowChange, sessionRowChange } from "#streams/registry"
import { appendTo, createStream, deleteStream } from "#streams/stream"
import type { FindEndpoint } from "#streams/transport"
import { fakeRow } from "../support/fake-session.ts"
import { streamServer } from "../support/stream-server.ts"
import { tempDir } from "../support/temp-dir.ts"

const turnId = "turn_a" as TurnId
const say = (text: string): Unstamped => ({ type: "agent_message", turnId, messageId: text, text })

const stamped = (events: readonly Unstamped[], from = 0) =>
  events.map((event, index) => ({ ...event, ...stamp(from + index) }))
const stamp = (seq: number) => ({ id: `evt_${seq}`, seq, epoch: 1, at: "2026-01-01T00:00:00.000Z" })

async function tell(
  endpoint: FindEndpoint,
  title: string,
  events: readonly Unstamped[],
  stream?: (sessionId: SessionId) => string,
): Promise<SessionId> {
  const sessionId = newSessionId()
  const name = (stream ?? paths.events)(sessionId)
  await createStream(endpoint, name)
  await appendTo(endpoint, name, stamped(events))
  await appendTo(endpoint, paths.registry, [sessionRowChange(fakeRow(sessionId, { title }))])
  return sessionId
}

async function setUp() {
  const server = await streamServer()
  const { endpoint } = server
  await createStream(endpoint, paths.registry)
  let reads = 0
  const counted: FindEndpoint = () => {
    reads += 1
    return endpoint()
  }
  const search = searchOf({
    endpoint: counted,
    folds: foldsOf(endpoint, { forMs: 0 }),
    patience: { forMs: 0 },
  })
  return {
    endpoint,
    search,
    /** How often a session's stream was asked since the last call of this. */
    reads: () => {
      const before = reads
      reads = 0
      return before
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  }
}

const textsIn = ({ hits }: SearchResult) => hits.map(({ text }) => text)

test("finds what was said, newest session first and in it the newest first, with the place to go to", async () => {
  await using place = await setUp()
  const old = await tell(place.endpoint, "Old", [say("a needle"), say("hay"), say("another needle")])
  const young = await tell(place.endpoint, "Young", [say("needle, too")])
  const found = await place.search({ query: "NEEDLE" })
  expect(found.hits.map(({ sessionId, title, seq, type }) => [sessionId, title, seq, type])).toEqual([
    [young, "Young", 0, "message"],
    [old, "Old", 2, "message"],
    [old, "Old", 0, "message"],
  ])
  expect(found.hits[0]).toMatchObject({ text: "needle, too", ranges: [[0, 6]] })
  expect({ ...found, hits: [] }).toEqual({ hits: [], searched: 2, total: 2, unread: [] })
})

test("what was streamed, taken back or begun anew is found as the transcript has it", async () => {
  await using place = await setUp()
  const chunk = (text: string): Unstamped => ({ type: "agent_message_chunk", turnId, messageId: "m", text })
  await tell(place.endpoint, "Streamed", [
    { type: "turn_started", turnId, cause: "recovery" },
    chunk("lost words"),
    { type: "message_reset", turnId, messageId: "m" },
    chunk("nee"),
    chunk("dle"),
  ])
  expect(textsIn(await place.search({ query: "needle" }))).toEqual(["needle"])
  expect(textsIn(await place.search({ query: "lost" }))).toEqual([])
})

test("an archived session is searched as well", async () => {
  await using place = await setUp()
  const archive = (sessionId: SessionId) => paths.archive(sessionId, 2)
  const sessionId = await tell(place.endpoint, "Put away", [say("needle")], archive)
  const row = { sessionId, epoch: 2, archivedAt: "2026-01-02T00:00:00.000Z", stream: archive(sessionId) }
  await appendTo(place.endpoint, paths.registry, [archiveRowChange(row)])
  expect(textsIn(await place.search({ query: "needle" }))).toEqual(["needle"])
})

test("a limit is kept, and the cursor goes on without a gap or a repeat, amid a session too", async () => {
  await using place = await setUp()
  const told = ["b", "a"].map((name) => [0, 1, 2, 3, 4].map((n) => `needle ${name}${n}`))
  for (const texts of told) await tell(place.endpoint, "T", texts.map(say))
  const found: string[] = []
  let page = await place.search({ query: "needle", limit: 3 })
  for (found.push(...textsIn(page)); page.cursor; found.push(...textsIn(page)))
    page = await place.search({ query: "needle", limit: 3, cursor: page.cursor })
  expect(found).toEqual(told.flat().toReversed())
  expect(page.searched).toBe(2)
})

test("a session that cannot be read is named, and the others are searched", async () => {
  await using place = await setUp()
  await tell(place.endpoint, "Fine", [say("needle")])
  const sessionId = await tell(place.endpoint, "Gone", [say("needle")])
  await deleteStream(place.endpoint, paths.events(sessionId))
  const found = await place.search({ query: "needle" })
  expect(textsIn(found)).toEqual(["needle"])
  expect(found).toMatchObject({ searched: 2, total: 2, unread: [sessionId] })
})

test("a session at rest is read once; one that spoke since is read on", async () => {
  await using place = await setUp()
  const { endpoint } = place
  const sessionId = await tell(endpoint, "T", [say("needle one")])
  const activity = {
    ...{ sessionId, epoch: 1, status: "completed" as const, lastLine: "", turns: 1, approvals: 0, queued: 0 },
    ...{
      inputTokens: 0,
      outputTokens: 0,
      costUsd: null,
      error: null,
      updatedAt: "",
      inboxOffset: "0",
      seq: 0,
    },
  }
  await appendTo(endpoint, paths.registry, [activityRowChange(activity)])
  await place.search({ query: "needle" })
  place.reads()
  await place.search({ query: "other" })
  expect(place.reads()).toBe(0)
  await appendTo(endpoint, paths.events(sessionId), stamped([say("needle two")], 1))
  await appendTo(endpoint, paths.registry, [activityRowChange({ ...activity, seq: 1 })])
  expect(textsIn(await place.search({ query: "needle" }))).toEqual(["needle two", "needle one"])
})

test("a search that nobody waits for stops, and says how far it came", async () => {
  await using place = await setUp()
  for (let n = 0; n < 3; n++) await tell(place.endpoint, "T", [say("needle")])
  const found = await place.search({ query: "needle", signal: AbortSignal.abort() })
  expect(found).toMatchObject({ searched: 1, total: 3 })
  const rest = await place.search({ query: "needle", cursor: found.cursor })
  expect(found.hits.length + rest.hits.length).toBe(3)
})

test("where folds are kept in the home a search finds the same, and begins where they end", async () => {
  await using place = await setUp()
  await using home = await tempDir()
  const { endpoint } = place
  const snapshots = snapshotsIn(home.path)
  const keep = async (sessionId: SessionId, stream = paths.events(sessionId), copy = 0) =>
    snapshots.keep(await readOn(endpoint, unread(sessionId, { stream, copy }), { forMs: 0 }))
  const talk = Array.from({ length: 60 }, (_, n) => say(n % 9 === 0 ? `a needle ${n}` : `hay ${n}`))

  const whole = await tell(endpoint, "Kept to its end", talk)
  await keep(whole)
  const spoke = await tell(endpoint, "Spoke since", talk)
  await keep(spoke)
  await appendTo(endpoint, paths.events(spoke), stamped([say("a needle since")], talk.length))
  const another = await tell(endpoint, "Has another stream by now", talk)
  await keep(another)
  await deleteStream(endpoint, paths.events(another))
  await createStream(endpoint, paths.events(another))
  await appendTo(endpoint, paths.events(another), [{ ...stamp(0), ...say("a new needle"), id: "evt_new" }])
  const damaged = await tell(endpoint, "Damaged", talk)
  await keep(damaged)
  await writeFile(join(snapshotDir(home.path), `${damaged}.ndjson`), "{}\n")
  const archive = (sessionId: SessionId) => paths.archive(sessionId, 2)
  const away = await tell(endpoint, "Put away", talk, archive)
  const row = { sessionId: away, epoch: 2, archivedAt: "2026-01-02T00:00:00.000Z", stream: archive(away) }
  await appendTo(endpoint, paths.registry, [archiveRowChange(row)])
  await keep(away, archive(away), 2)
  await tell(endpoint, "Not kept", talk)
  expect(await readdir(snapshotDir(home.path))).toHaveLength(5)

  const searchWith = (kept?: typeof snapshots) => {
    const folds = foldsOf(endpoint, { forMs: 0 }, kept)
    const begun = new Map<string, number>()
    const beginning: typeof folds.beginning = async (sessionId, source) => {
      const at = await folds.beginning(sessionId, source)
      begun.set(sessionId, at.value.seq)
      return at
    }
    const search = searchOf({ endpoint, folds: { ...folds, beginning }, patience: { forMs: 0 } })
    return { search, begun }
  }
  const [without, with_] = [searchWith(), searchWith(snapshots)]
  const found = await without.search({ query: "needle" })
  expect(found.hits).toHaveLength(37)
  expect(await with_.search({ query: "needle" })).toEqual(found)
  expect([whole, spoke, another, damaged, away].map((one) => with_.begun.get(one))).toEqual([
    59, 60, -1, -1, 59,
  ])
})

test("hundreds of sessions are searched to the last one, call by call", async () => {
  await using place = await setUp()
  const talk = Array.from({ length: 30 }, (_, n) => say(`line ${n} ${"of some hay ".repeat(40)}`))
  await tell(place.endpoint, "The first", [say("a needle")])
  for (let many = 0; many < 6; many++)
    await Promise.all(Array.from({ length: 50 }, () => tell(place.endpoint, "T", talk)))
  let page = await place.search({ query: "needle" })
  for (let before = -1; page.cursor; page = await place.search({ query: "needle", cursor: page.cursor })) {
    expect(page.searched).toBeGreaterThan(before)
    before = page.searched
  }
  expect(page).toMatchObject({ searched: 301, total: 301, hits: [{ title: "The first" }] })
})

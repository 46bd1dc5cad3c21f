import { expect, test } from "vitest"
import { archiveOf } from "#src/archive"
import { foldsOf } from "#src/folds"
import { grantEpoch, readInbox } from "#src/grant"
import type { PlaneContext } from "#src/plane-context"
import type { SessionEvent, Unstamped } from "#streams/event"
import { newSessionId, type SessionId, type TurnId } from "#streams/ids"
import { paths } from "#streams/paths"
import { openPublisher } from "#streams/publisher"
import { sessionRowChange } from "#streams/registry"
import { appendTo, createStream, isClosed, readToTail } from "#streams/stream"
import { type Cut, cuttingProxy } from "../support/cutting-proxy.ts"
import { memorySpool } from "../support/memory-spool.ts"
import { createSession, streamServer } from "../support/stream-server.ts"

const turnId = "turn_1" as TurnId
const said: Unstamped[] = [
  { type: "turn_started", turnId, cause: "recovery" },
  ...Array.from(
    { length: 40 },
    (_, n): Unstamped => ({ type: "agent_message_chunk", turnId, messageId: "m", text: `${n} ` }),
  ),
  {
    type: "agent_message",
    turnId,
    messageId: "m",
    text: Array.from({ length: 40 }, (_, n) => `${n} `).join(""),
  },
  { type: "turn_ended", turnId, stopReason: "end_turn" },
]

type Server = Awaited<ReturnType<typeof streamServer>>

const contextOf = ({ endpoint }: Pick<Server, "endpoint">): PlaneContext =>
  ({
    endpoint,
    folds: foldsOf(endpoint, { forMs: 0 }),
    patience: { forMs: 0 },
    log: () => undefined,
  }) as Partial<PlaneContext> as PlaneContext

/** A session at rest, as its daemon left it. */
async function toldSession({ endpoint }: Server): Promise<SessionId> {
  const sessionId = newSessionId()
  await createStream(endpoint, paths.registry)
  await createSession(endpoint, sessionId)
  const row = {
    sessionId,
    agentType: "demo",
    workingDir: "/",
    title: "t",
    permissionMode: "ask" as const,
    createdAt: "",
  }
  await appendTo(endpoint, paths.registry, [sessionRowChange(row)])
  const grant = await grantEpoch(endpoint, sessionId, {
    inbox: await readInbox(endpoint, sessionId),
    purpose: "daemon",
  })
  const onFatal = (error: Error) => {
    throw error
  }
  using publisher = await openPublisher({
    endpoint,
    sessionId,
    epoch: grant?.epoch ?? 0,
    spool: memorySpool(),
    first: () => said,
    onFatal,
  })
  await publisher.flushed()
  return sessionId
}

async function entryOf(context: PlaneContext, sessionId: SessionId) {
  const entry = (await context.folds.registry()).value.get(sessionId)
  if (!entry) throw new Error("There is no such row.")
  return entry
}

async function rawOf({ endpoint }: Server, name: string): Promise<SessionEvent[]> {
  const items: unknown[] = []
  for await (const batch of readToTail(endpoint, name)) items.push(...batch.items)
  return items as SessionEvent[]
}

test("an archived session reads as before from a stream without deltas, and can go on after it was brought back", async () => {
  await using server = await streamServer()
  const sessionId = await toldSession(server)
  const context = contextOf(server)
  const before = (await context.folds.session(sessionId)).value
  const archives = archiveOf(context)

  const row = await archives.archive(
    await entryOf(context, sessionId),
    await readInbox(server.endpoint, sessionId),
  )
  expect((await rawOf(server, row.stream ?? "")).map(({ type }) => type)).toEqual([
    "turn_started",
    "agent_message",
    "turn_ended",
  ])
  expect(await isClosed(server.endpoint, paths.events(sessionId))).toBe(true)
  const archived = contextOf(server)
  expect((await archived.folds.session(sessionId)).value).toEqual(before)
  expect((await entryOf(archived, sessionId)).archivedAt).toBe(row.archivedAt)

  expect(await archives.reopen(await entryOf(archived, sessionId))).toBe(true)
  const back = contextOf(server)
  expect((await back.folds.session(sessionId)).value).toEqual(before)
  expect((await entryOf(back, sessionId)).archivedAt).toBeUndefined()
  const inbox = await readInbox(server.endpoint, sessionId)
  const grant = await grantEpoch(server.endpoint, sessionId, { inbox, purpose: "daemon" })
  const first = (): Unstamped[] => [{ type: "session_ended", reason: "idle" }]
  using next = await openPublisher({
    endpoint: server.endpoint,
    sessionId,
    epoch: grant?.epoch ?? 0,
    spool: memorySpool(),
    first,
    onFatal: () => undefined,
  })
  expect(next.session.seq).toBe(before.seq + 1)
})

test("whatever request an archiving or its undoing is cut off at, the transcript is whole, and the next try succeeds", async () => {
  await using server = await streamServer()
  for (const way of ["archive", "reopen"] as const)
    for (let cutAt = 0, reached = true; reached; cutAt++) {
      const sessionId = await toldSession(server)
      const plain = contextOf(server)
      const before = (await plain.folds.session(sessionId)).value
      if (way === "reopen")
        await archiveOf(plain).archive(
          await entryOf(plain, sessionId),
          await readInbox(server.endpoint, sessionId),
        )

      let requests = 0
      const dead = (): Cut => (requests++ >= cutAt ? "before" : "none")
      await using proxy = await cuttingProxy(server.at.url, dead)
      const through = contextOf({ endpoint: () => ({ ...server.at, url: proxy.url }) })
      const entry = await entryOf(plain, sessionId)
      const inbox = await readInbox(server.endpoint, sessionId)
      const work =
        way === "archive" ? archiveOf(through).archive(entry, inbox) : archiveOf(through).reopen(entry)
      reached = await work.then(
        () => false,
        () => true,
      )
      // As if the process had been killed there: another one looks, and goes on.
      const after = contextOf(server)
      expect((await after.folds.session(sessionId)).value).toEqual(before)
      await archiveOf(after).reopen(await entryOf(after, sessionId))
      const whole = contextOf(server)
      expect((await whole.folds.session(sessionId)).value).toEqual(before)
      expect(await isClosed(server.endpoint, paths.events(sessionId))).toBe(false)
    }
})

test("of many who archive at once one does, and no copy is lost", async () => {
  await using server = await streamServer()
  const sessionId = await toldSession(server)
  const before = (await contextOf(server).folds.session(sessionId)).value
  await Promise.allSettled(
    Array.from({ length: 8 }, async (_, n) => {
      const context = contextOf(server)
      const archives = archiveOf(context)
      const entry = await entryOf(context, sessionId)
      if (n % 2 === 0) await archives.archive(entry, await readInbox(server.endpoint, sessionId))
      else await archives.reopen(entry)
    }),
  )
  expect((await contextOf(server).folds.session(sessionId)).value).toEqual(before)
})

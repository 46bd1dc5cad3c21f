/** Sessions that an older version wrote stay readable. The stream is as version 0.1.0 left it. */
import { readFileSync } from "node:fs"
import { expect, test } from "vitest"
import { parseEvent } from "#streams/event"
import { SessionId } from "#streams/ids"
import { emptyRegistry, foldRegistry } from "#streams/registry"
import { emptySession } from "#streams/session"
import { foldSession } from "#streams/session-fold"

test("every event of a session of version 0.1.0 is read, and nothing of it is missing", () => {
  const lines = readFileSync(new URL("../fixtures/streams/session-0.1.0.ndjson", import.meta.url), "utf8")
    .trim()
    .split("\n")
  const events = lines.map((line) => parseEvent(JSON.parse(line)))
  expect(events.filter((event) => event === null)).toEqual([])
  const session = foldSession(
    emptySession(SessionId.parse("ses_old")),
    events.filter((event) => event !== null),
  )
  expect(session).toMatchObject({
    status: "failed",
    turns: 2,
    seq: lines.length - 1,
    limit: null,
    limitsInARow: 0,
    context: null,
    plan: [{}, {}, {}],
    approvals: [],
    error: { code: "provider_rate_limited" },
  })
  const items = session.items.map((item) =>
    item.type === "tool" ? `${item.type} ${item.status} ${item.outputTruncated}` : item.type,
  )
  expect(items).toEqual([
    "user",
    "thought",
    "message",
    "tool completed false",
    "tool completed true",
    "notice",
    "message",
    "turn_end",
    "user",
    "tool completed false",
    "turn_end",
  ])
})

test("rows of the registry that know nothing of limits are read", () => {
  const session = {
    sessionId: "ses_old",
    agentType: "demo",
    workingDir: "/tmp/work",
    title: "Old",
    permissionMode: "ask",
    createdAt: "2026-01-01T00:00:00.000Z",
  }
  const activity = {
    sessionId: "ses_old",
    epoch: 1,
    status: "completed",
    lastLine: "",
    turns: 1,
    approvals: 0,
    queued: 0,
    inputTokens: 0,
    outputTokens: 0,
    costUsd: null,
    error: null,
    updatedAt: "",
    inboxOffset: "0",
    seq: 3,
  }
  const row = (type: string, value: unknown) => ({
    type,
    key: "ses_old",
    value,
    headers: { operation: "upsert" },
  })
  const registry = foldRegistry(emptyRegistry, [row("session", session), row("activity", activity)])
  expect(registry.get(SessionId.parse("ses_old"))).toMatchObject({
    status: "completed",
    activity: { turns: 1 },
  })
})

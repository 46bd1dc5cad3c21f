import { expect, test } from "vitest"
import { countByFilter, filterSessions, sortSessions } from "../../routes/-app/session-order.ts"
import { SessionId } from "../../streams/ids.ts"
import type { RegistryEntry } from "../../streams/registry.ts"
import type { Status } from "../../streams/session.ts"

const entry = (
  id: string,
  status: Status,
  minute: number,
  fields: Partial<RegistryEntry> = {},
): RegistryEntry => ({
  sessionId: SessionId.parse(`ses_${id}`),
  agentType: "demo",
  workingDir: "/srv/work",
  title: id,
  permissionMode: "ask",
  createdAt: `2026-01-01T00:${String(minute).padStart(2, "0")}:00Z`,
  status,
  activity: null,
  ...fields,
})

const ids = (entries: readonly RegistryEntry[]) => entries.map(({ title }) => title)

test("what needs you comes first, then what runs, then the rest by recency", () => {
  const sorted = sortSessions([
    entry("old", "completed", 1),
    entry("runs", "running", 2),
    entry("newer", "failed", 9),
    entry("asks-late", "waiting", 8),
    entry("starts", "starting", 5),
    entry("asks-early", "waiting", 3),
  ])
  expect(ids(sorted)).toEqual(["asks-early", "asks-late", "starts", "runs", "newer", "old"])
})

test("every word of the filter must be found somewhere in the row", () => {
  const entries = [
    entry("a", "completed", 1, { title: "Fix the flake", workingDir: "/srv/engine" }),
    entry("b", "completed", 2, { title: "Fix the docs", workingDir: "/srv/site" }),
  ]
  expect(ids(filterSessions(entries, { q: "FIX engine" }))).toEqual(["Fix the flake"])
  expect(filterSessions(entries, { q: "  " })).toHaveLength(2)
})

test("a session that starts is counted and filtered as running", () => {
  const entries = [entry("a", "starting", 1), entry("b", "running", 2), entry("c", "waiting", 3)]
  expect(countByFilter(entries)).toMatchObject({ running: 2, waiting: 1, completed: 0 })
  expect(filterSessions(entries, { status: "running" })).toHaveLength(2)
})

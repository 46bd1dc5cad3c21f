import { expect, test } from "vitest"
import { metricsOf } from "../../routes/-app/metrics.ts"
import { newsOf } from "../../routes/-app/news.ts"
import { parseSettings } from "../../routes/-app/settings.ts"
import { SessionId } from "../../streams/ids.ts"
import type { ActivityRow, RegistryEntry } from "../../streams/registry.ts"
import type { Status } from "../../streams/session.ts"

const entry = (status: Status, activity: Partial<ActivityRow> = {}, row: Partial<RegistryEntry> = {}) =>
  ({
    sessionId: SessionId.parse("ses_1"),
    agentType: "demo",
    workingDir: "/p",
    title: "Work",
    permissionMode: "ask",
    createdAt: "2026-01-02T10:00:00Z",
    status,
    activity: { updatedAt: "2026-01-02T10:00:00Z", turns: 1, inputTokens: 5, outputTokens: 1, ...activity },
    ...row,
  }) as RegistryEntry

const seen = { hidden: false, since: 0, now: 10_000 }

test("a question is always news, and only once", () => {
  expect(newsOf(entry("running"), entry("waiting"), seen)?.kind).toBe("needs-you")
  expect(newsOf(entry("waiting"), entry("waiting"), seen)).toBeNull()
})

test("what was so when the page was opened is no news", () => {
  expect(newsOf(undefined, entry("waiting"), seen)).toBeNull()
})

test("a short run that was watched ends quietly, a long or unwatched one does not", () => {
  const ends = (how: Partial<typeof seen>) =>
    newsOf(entry("running"), entry("completed"), { ...seen, ...how })?.kind
  expect(ends({})).toBeUndefined()
  expect(ends({ hidden: true })).toBe("finished")
  expect(ends({ now: 61_000 })).toBe("finished")
})

test("a failure is news, being cancelled by oneself is not", () => {
  expect(newsOf(entry("running"), entry("failed", { error: "No key" }), seen)?.detail).toBe("No key")
  expect(newsOf(entry("running"), entry("interrupted"), seen)?.kind).toBe("failed")
  expect(newsOf(entry("running"), entry("cancelled"), seen)).toBeNull()
})

test("usage is summed by day, agent and directory, and days without any are there", () => {
  const dayOf = (at: number) => new Date(at).toISOString().slice(0, 10)
  const now = Date.parse("2026-01-03T12:00:00Z")
  const metrics = metricsOf(
    [
      entry("completed"),
      entry("running", {}, { agentType: "other" }),
      entry("failed", { updatedAt: "2025-01-01T00:00:00Z" }),
    ],
    { days: 3, now, dayOf },
  )
  expect(metrics.total).toMatchObject({ sessions: 2, inputTokens: 10, outputTokens: 2 })
  expect(metrics).toMatchObject({ running: 1, failed: 0 })
  expect(metrics.days.map(({ name, sessions }) => [name, sessions])).toEqual([
    ["2026-01-01", 0],
    ["2026-01-02", 2],
    ["2026-01-03", 0],
  ])
  expect(metrics.agents.map(({ name }) => name)).toEqual(["demo", "other"])
})

test("settings that cannot be read are as if never chosen", () => {
  expect(parseSettings(null)).toEqual(parseSettings("{not json"))
  expect(parseSettings('{"density":"compact","singleKeys":false,"enter":7}')).toEqual({
    density: "compact",
    singleKeys: false,
    enter: "send",
    notices: false,
    undoSeconds: 3,
    keys: {},
  })
})

/** How a session stands at its remote, read from its events alone. */
import { expect, test } from "vitest"
import type { SessionEvent } from "#streams/event"
import { newRequestId, newSessionId } from "#streams/ids"
import { emptySession } from "#streams/session"
import { foldSession } from "#streams/session-fold"
import { isPushDue, unpushedIn } from "#streams/workspace-fold"

type Said = Record<string, unknown> & { readonly type: SessionEvent["type"] }

const folded = (...said: readonly Said[]) =>
  foldSession(
    emptySession(newSessionId()),
    said.map((event, seq) => ({ id: `evt_${seq}`, seq, epoch: 1, at: atOf(seq), ...event }) as SessionEvent),
  )
const atOf = (seq: number) => new Date(1_000_000 + seq * 1_000).toISOString()

const checkpoint = (n: number) => ({
  ...{ type: "checkpoint" as const, n, when: "after_turn", commit: `c${n}`, tree: `t${n}`, head: null },
  changed: { files: 1, added: 1, removed: 0 },
})
const pushed = (upTo: number, more = {}) => ({
  ...{ type: "workspace_pushed" as const, remote: "origin", url: "/a.git", refs: [] },
  ...{ branch: { name: "b", commit: "c" }, checkpoint: upTo, ...more },
})
const failed = (dueAt: string | null, more = {}) => ({
  ...{ type: "workspace_push_failed" as const, remote: "origin", url: "/a.git", attempt: 1, dueAt },
  ...{ error: { code: "remote_away", message: "away" }, ...more },
})

test("a checkpoint is due at once, a failure when it says so, and what needs a person with the next checkpoint", () => {
  const due = (...said: readonly Said[]) => unpushedIn(folded(...said))?.dueAt
  expect(due()).toBeUndefined()
  expect(due(checkpoint(1))).toBe(atOf(0))
  expect(due(checkpoint(1), pushed(1))).toBeNull()
  expect(due(checkpoint(1), pushed(1), checkpoint(2))).toBe(atOf(2))
  expect(due(checkpoint(1), failed("later"))).toBe("later")
  expect(due(checkpoint(1), failed(null))).toBeNull()
  expect(due(checkpoint(1), failed(null), checkpoint(2))).toBe(atOf(2))
  const lost = { type: "workspace_lost" as const, error: { code: "nowhere_else", message: "gone" } }
  expect(due(checkpoint(1), lost)).toBeNull()
})

test("a push to another remote that was asked for changes nothing of where the session is kept", () => {
  const requestId = newRequestId()
  const before = folded(checkpoint(1), pushed(1))
  const aside = { requestId, remote: "other" }
  expect(folded(checkpoint(1), pushed(1), pushed(0, aside)).workspace).toEqual(before.workspace)
  const refused = folded(checkpoint(1), pushed(1), failed(null, aside))
  expect(refused.workspace).toEqual({
    ...before.workspace,
    refused: { requestId, error: { code: "remote_away", message: "away" } },
  })
  expect(refused.settled).toEqual([requestId])
})

test("nobody is started to push what is at work, was put away, or is to be pushed nowhere", () => {
  const activity = { push: unpushedIn(folded(checkpoint(1))) }
  const row = { status: "completed", worktree: { push: {} }, activity } as const
  const now = Date.parse(atOf(0))
  expect(isPushDue(row, now)).toBe(true)
  expect(isPushDue(row, now - 1)).toBe(false)
  expect(isPushDue({ ...row, status: "running" }, now)).toBe(false)
  expect(isPushDue({ ...row, archivedAt: "then" }, now)).toBe(false)
  expect(isPushDue({ ...row, worktree: {} }, now)).toBe(false)
  expect(isPushDue({ ...row, worktree: { push: {}, givenBackAt: "then" } }, now)).toBe(false)
  expect(isPushDue({ ...row, activity: null }, now)).toBe(false)
  expect(isPushDue({ ...row, worktree: undefined, checkout: { push: {} } }, now)).toBe(true)
})

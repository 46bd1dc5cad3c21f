import { expect, test } from "vitest"
import {
  allowedMode,
  type Caller,
  maySee,
  maySeeRun,
  mayUse,
  OWNER,
  parentOf,
  type Scope,
} from "#src/mcp/caller"
import { SessionId, TokenId } from "#streams/ids"

const MODES = ["read_only", "ask", "accept_edits", "bypass"] as const
const token = TokenId.parse("tok_one")
const session = SessionId.parse("ses_one")
const callerWith = (scope: Partial<Scope>): Caller => ({ id: token, scope: { ...OWNER.scope, ...scope } })

test("what was started with a token is its own, and nothing else is", () => {
  const own = callerWith({ sessions: "own" })
  expect([maySee(own, token), maySee(own, "tok_two"), maySee(own, undefined)]).toEqual([true, false, false])
  expect(maySee(callerWith({ sessions: "all" }), undefined)).toBe(true)
  expect(maySee(callerWith({ sessions: "none" }), token)).toBe(false)
  expect([maySee(parentOf(session), session), maySee(parentOf(session), token)]).toEqual([true, false])
  expect(maySee(OWNER, undefined)).toBe(true)
  // Nobody's session is not that of an owner who is not asked for.
  expect(maySee({ ...OWNER, scope: { ...OWNER.scope, sessions: "own" } }, undefined)).toBe(false)
})

test("a run is seen by whoever may see its workflow, and started it or may see all", () => {
  const run = { workflow: "nightly", startedWith: token }
  expect(maySeeRun(callerWith({ workflows: ["nightly"], runs: "own" }), run)).toBe(true)
  expect(maySeeRun(callerWith({ workflows: ["nightly"], runs: "own" }), { workflow: "nightly" })).toBe(false)
  expect(maySeeRun(callerWith({ workflows: ["nightly"], runs: "all" }), { workflow: "nightly" })).toBe(true)
  expect(maySeeRun(callerWith({ workflows: ["review"], runs: "all" }), run)).toBe(false)
  expect(maySeeRun(parentOf(session), { workflow: "nightly", startedWith: session })).toBe(false)
})

test("a tool is for whoever has something to use it on, and one that changes things for nobody who only looks", () => {
  const looks = { area: "sessions", writes: false } as const
  const changes = { area: "sessions", writes: true } as const
  const runs = { area: "workflows", writes: false } as const
  const looker = callerWith({ readOnly: true })
  expect([looks, changes, runs].map((needs) => mayUse(looker, needs))).toEqual([true, false, true])
  const narrow = callerWith({ sessions: "none", workflows: [] })
  expect([looks, changes, runs].map((needs) => mayUse(narrow, needs))).toEqual([false, false, false])
  expect([looks, changes, runs].map((needs) => mayUse(parentOf(session), needs))).toEqual([true, true, false])
})

test("a mode is given that is as careful as the most, or more so, and no other", () => {
  for (const [rank, most] of MODES.entries())
    for (const [asked, mode] of MODES.entries())
      if (asked <= rank) expect(allowedMode(most, mode)).toBe(mode)
      else expect(() => allowedMode(most, mode)).toThrow(`ask for ${most}`)
  expect(MODES.map((most) => allowedMode(most, undefined))).toEqual([
    "read_only",
    undefined,
    undefined,
    undefined,
  ])
})

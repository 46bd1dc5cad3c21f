import { expect, test } from "vitest"
import { type Found, findingOf } from "#src/daemons/finding"
import type { Inbox } from "#src/grant"
import type { Command } from "#streams/command"
import { MessageId, SessionId, TurnId } from "#streams/ids"
import type { RegistryEntry } from "#streams/registry"
import { emptySession, type Session } from "#streams/session"

const sessionId = SessionId.parse("ses_test")
const message: Command = {
  type: "user_message",
  at: "",
  messageId: MessageId.parse("msg_1"),
  text: "do it",
  mode: "queue",
}
const grant = (epoch: number): Extract<Command, { type: "starting" }> => ({
  type: "starting",
  at: "",
  epoch,
  incarnation: `i${epoch}`,
  purpose: "daemon",
  resume: false,
})

function inboxOf(...commands: Command[]): Inbox {
  const grants = commands.filter((command) => command.type === "starting")
  const daemonGrant = grants.filter(({ purpose }) => purpose === "daemon").at(-1) ?? null
  return {
    commands,
    epoch: grants.at(-1)?.epoch ?? 0,
    daemonEpoch: daemonGrant?.epoch ?? 0,
    daemonGrant,
    offset: "",
  }
}

const running: Partial<Session> = { status: "running", epoch: 1, turnId: TurnId.parse("turn_1"), turns: 1 }
const atRest: Partial<Session> = { status: "completed", epoch: 1, turns: 1, taken: [message.messageId] }
const gone = (forMs = 0, mayCome = false): Found["daemon"] => ({ state: "dead", forMs, mayCome })
const silent = (forMs: number, stopped = false): Found["daemon"] => ({ state: "silent", forMs, stopped })

function find(session: Partial<Session>, inbox: Inbox, daemon: Found["daemon"]) {
  const entry = { sessionId, status: session.status ?? "starting", activity: null } as RegistryEntry
  return findingOf({
    entry,
    session: { ...emptySession(sessionId), ...session },
    inbox,
    host: "here",
    due: false,
    pushDue: false,
    daemon,
  })
}

test("a session whose daemon lives, or is another host's, is left alone", () => {
  expect(find(running, inboxOf(grant(1)), { state: "alive" })).toEqual({ do: "nothing" })
  const daemon = { pid: 1, startTime: "", bootId: "", host: "elsewhere" }
  expect(find({ ...running, daemon }, inboxOf(grant(1)), gone(99_000))).toEqual({ do: "nothing" })
})

test("a turn whose daemon is dead is closed at once, one whose daemon is silent after twelve seconds", () => {
  expect(find(running, inboxOf(grant(1)), gone())).toEqual({ do: "close", why: "lost" })
  expect(find(running, inboxOf(grant(1)), silent(11_999))).toEqual({ do: "nothing" })
  expect(find(running, inboxOf(grant(1)), silent(12_000))).toEqual({ do: "close", why: "lost" })
})

test("a daemon that hangs at rest is ended after a minute, a stopped one is left to whoever stopped it", () => {
  expect(find(atRest, inboxOf(message, grant(1)), silent(60_000))).toEqual({ do: "end" })
  expect(find(atRest, inboxOf(message, grant(1)), silent(60_000, true))).toEqual({ do: "nothing" })
})

test("what was asked by a control plane that died before its grant is started", () => {
  expect(find({}, inboxOf(message), gone())).toEqual({ do: "start", resume: false })
  expect(find({}, inboxOf(), gone())).toEqual({ do: "nothing" })
})

test("a daemon that may still come is waited for, ten seconds long", () => {
  expect(find({}, inboxOf(message, grant(1)), gone(9_999, true))).toEqual({ do: "nothing" })
  expect(find({}, inboxOf(message, grant(1)), gone(10_000, true))).toEqual({ do: "close", why: "never_came" })
})

test("a daemon that died before it spoke is started again, later each time, and given up after the third", () => {
  expect(find({}, inboxOf(message, grant(1)), gone(999))).toEqual({ do: "nothing" })
  expect(find({}, inboxOf(message, grant(1)), gone(1_000))).toEqual({ do: "start", resume: false })
  expect(find({}, inboxOf(message, grant(1), grant(2)), gone(3_999))).toEqual({ do: "nothing" })
  expect(find({}, inboxOf(message, grant(1), grant(2)), gone(4_000))).toEqual({ do: "start", resume: false })
  const thrice = inboxOf(message, grant(1), grant(2), grant(3))
  expect(find({}, thrice, gone())).toEqual({ do: "close", why: "never_came" })
})

test("daemons that come, say who they are and die are not started for ever", () => {
  const again = { ...atRest, taken: [], epoch: 3 }
  const inbox = inboxOf(message, grant(1), grant(2), grant(3))
  expect(find({ ...again, startsInVain: 2 }, inbox, gone(4_000))).toEqual({ do: "start", resume: false })
  expect(find({ ...again, startsInVain: 3 }, inbox, gone(99_000))).toEqual({ do: "close", why: "never_came" })
  // Nobody but a person starts a session that has failed.
  const failed = { ...again, status: "failed" as const, taken: [message.messageId] }
  expect(find(failed, inbox, gone(99_000))).toEqual({ do: "nothing" })
})

test("a message that was taken and not begun when its daemon died is gone on with", () => {
  const queue = [{ messageId: message.messageId, text: "do it" }]
  expect(find({ ...atRest, queue }, inboxOf(message, grant(1)), gone(1_000))).toEqual({
    do: "start",
    resume: false,
  })
  const interrupted = { ...atRest, status: "interrupted" as const, queue }
  expect(find(interrupted, inboxOf(message, grant(1)), gone(1_000))).toEqual({ do: "nothing" })
})

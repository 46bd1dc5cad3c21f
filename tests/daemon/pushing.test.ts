/** What a daemon pushes and when, with a real remote and without its turns. */
import { renameSync } from "node:fs"
import { expect, test } from "vitest"
import { type PushTarget, pushingOf } from "#daemon/pushing"
import { newRequestId } from "#streams/ids"
import { isPushDue, unpushedIn } from "#streams/workspace-fold"
import { type KeptSession, keptSession } from "../support/kept-session.ts"
import { remoteOf, type TestRemote } from "../support/remote.ts"
import { repository, type TestRepository } from "../support/repository.ts"

/** A clock that hurries, so that nobody waits for the next attempt. */
const hurried = () => {
  let now = Date.parse("2026-01-01T00:00:00Z")
  return () => {
    now += 3_600_001
    return now
  }
}

function pusher(at: TestRepository, kept: KeptSession, target?: PushTarget, now?: () => number) {
  const { home, path: workingDir } = at
  const pushing = pushingOf({
    ...{ home, workingDir, target, env: {}, sessionId: kept.sessionId },
    ...{ session: () => kept.session, publish: kept.say },
    ...(now && { now }),
  })
  return Object.assign(pushing, { [Symbol.asyncDispose]: () => pushing.stop() })
}

const told = ({ events }: KeptSession) =>
  events.flatMap((event) =>
    event.type === "workspace_pushed"
      ? [`pushed ${event.refs.map(({ ref }) => ref.replace(/^.*\//, "")).join(" ")}`]
      : event.type === "workspace_push_failed"
        ? [`${event.error.code} ${event.attempt}`]
        : [],
  )

const toOrigin = ({ path: url }: TestRemote): PushTarget => ({ remote: "origin", url, branch: true })

const until = (wanted: () => boolean) => expect.poll(wanted, { timeout: 20_000, interval: 20 }).toBe(true)

const request = (remote: string) =>
  ({ type: "push_requested", at: "", requestId: newRequestId(), remote }) as const

test("each checkpoint goes to the remote once, with the branch where that has moved", async () => {
  await using at = await repository()
  const remote = remoteOf(at)
  const kept = keptSession(at)
  await using pushing = pusher(at, kept, toOrigin(remote))
  await kept.turn(() => at.write("a.txt", "two\n"))
  pushing.nudge()
  await until(() => told(kept).length === 1)
  await kept.turn(() => at.write("a.txt", "three\n"))
  pushing.nudge()
  await until(() => told(kept).length === 2)
  pushing.nudge()
  await until(() => !pushing.busy)
  at.git(["commit", "-qam", "three"])
  pushing.nudge()
  await until(() => told(kept).length === 3)
  expect(told(kept)).toEqual(["pushed main 1 2", "pushed 3", "pushed main"])
  expect(remote.refs()["refs/heads/main"]).toBe(at.git(["rev-parse", "HEAD"]).trim())
  expect(unpushedIn(kept.session)).toEqual({ checkpoint: 3, of: 3, dueAt: null, error: null })
})

test("a branch that is the user's own stays where it is; checkpoints of it go", async () => {
  await using at = await repository()
  const remote = remoteOf(at)
  const before = remote.refs()
  const kept = keptSession(at)
  await using pushing = pusher(at, kept, { ...toOrigin(remote), branch: false })
  await kept.turn(() => at.write("a.txt", "two\n"))
  at.git(["commit", "-qam", "two"])
  pushing.nudge()
  await until(() => told(kept).length === 1)
  pushing.nudge()
  await until(() => !pushing.busy)
  expect(told(kept)).toEqual(["pushed 1 2"])
  const checkpoints = kept.session.checkpoints.map(({ n, commit }) => [
    `refs/agentz/${kept.sessionId}/${n}`,
    commit,
  ])
  expect(remote.refs()).toEqual({ ...before, ...Object.fromEntries(checkpoints) })
  expect(kept.session.workspace.push).toMatchObject({ branch: null, checkpoint: 2, trouble: null })
})

test("a remote that is away is tried again until it is there, and what waited is pushed then", async () => {
  await using at = await repository()
  const remote = remoteOf(at)
  at.git(["config", "remote.origin.url", "git://127.0.0.1:1/a.git"])
  const kept = keptSession(at)
  await kept.turn(() => at.write("a.txt", "two\n"))
  const row = {
    status: "completed",
    worktree: { push: {} },
    activity: { push: unpushedIn(kept.session) },
  } as const
  expect(isPushDue(row, Date.now())).toBe(true)
  const now = hurried()
  {
    await using pushing = pusher(
      at,
      kept,
      { remote: "origin", url: "git://127.0.0.1:1/a.git", branch: true },
      now,
    )
    await until(() => told(kept).length >= 3)
    await pushing.stop()
  }
  expect(told(kept).slice(0, 3)).toEqual(["remote_away 1", "remote_away 2", "remote_away 3"])
  const { dueAt, error } = unpushedIn(kept.session) ?? {}
  expect(error).toContain("git://127.0.0.1:1/a.git")
  expect(dueAt).toEqual(expect.any(String))
  at.git(["config", "remote.origin.url", remote.path])
  await using _next = pusher(at, kept, toOrigin(remote), now)
  await until(() => told(kept).at(-1) === "pushed main 1 2")
})

test("what needs a person is not tried again before there is something new", async () => {
  await using at = await repository()
  const remote = remoteOf(at)
  renameSync(remote.path, `${remote.path}.away`)
  const kept = keptSession(at)
  await kept.turn(() => at.write("a.txt", "two\n"))
  await using pushing = pusher(at, kept, toOrigin(remote), hurried())
  await until(() => told(kept).length === 1)
  expect(unpushedIn(kept.session)).toMatchObject({ dueAt: null })
  await kept.turn(() => at.write("a.txt", "three\n"))
  expect(unpushedIn(kept.session)).toMatchObject({ dueAt: kept.session.checkpoints.at(-1)?.at })
  renameSync(`${remote.path}.away`, remote.path)
  pushing.nudge()
  await until(() => told(kept).length === 2)
  expect(told(kept)).toEqual(["remote_missing 1", "pushed main 1 2 3"])
})

test("nothing is pushed by itself where that was not allowed, and what is asked for is answered once", async () => {
  await using at = await repository()
  const remote = remoteOf(at)
  const other = remoteOf(at, "other")
  const kept = keptSession(at)
  await kept.turn(() => at.write("a.txt", "two\n"))
  await using pushing = pusher(at, kept)
  pushing.nudge()
  expect(pushing.busy).toBe(false)
  at.git(["commit", "-qam", "two"])
  const asked = request("origin")
  pushing.perform(asked)
  pushing.perform(asked)
  pushing.perform(request("nowhere"))
  pushing.perform(request("other"))
  await until(() => told(kept).length === 3)
  expect(told(kept)).toEqual(["pushed main", "no_remote 1", "pushed main"])
  expect(kept.session.settled).toContain(asked.requestId)
  expect(kept.session.workspace.refused?.error.code).toBe("no_remote")
  for (const { refs } of [remote, other]) expect(Object.keys(refs())).toEqual(["refs/heads/main"])
})

test("what somebody brings elsewhere once is not where the session is kept", async () => {
  await using at = await repository()
  const remote = remoteOf(at)
  remoteOf(at, "other")
  const kept = keptSession(at)
  await kept.turn(() => at.write("a.txt", "two\n"))
  await using pushing = pusher(at, kept, toOrigin(remote))
  await until(() => told(kept).length === 1)
  pushing.perform(request("other"))
  pushing.perform(request("nowhere"))
  await until(() => told(kept).length === 3)
  expect(kept.session.workspace.push).toMatchObject({
    remote: "origin",
    url: remote.path,
    checkpoint: 2,
    trouble: null,
  })
})

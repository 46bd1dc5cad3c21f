/** The disk is gone and only the streams and the remote are left: sessions have their files again and go on. */
import { spawn } from "node:child_process"
import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs"
import { expect, test } from "vitest"
import type { SessionId } from "#streams/ids"
import type { Session } from "#streams/session"
import { wait } from "#streams/transport"
import { remoteOf } from "../support/remote.ts"
import { filesIn, repository, type TestRepository } from "../support/repository.ts"
import { seeded } from "../support/seeded.ts"
import { streamServer } from "../support/stream-server.ts"
import { Installation, killHard, killPid, PROGRAM, type Ready, refusalOf, saidIn } from "./installation.ts"

const sh = (command: string) => `[[bash ask=no cmd=${JSON.stringify(command)}]]`

/** Names, modes and bytes that are easily lost. */
const WORK = (name: string) =>
  sh(
    [
      `printf '${name}' > a.txt`,
      "printf '#!/bin/sh\\n' > run.sh; chmod +x run.sh",
      "mkdir -p 'a b/ü'; printf 'x\\000\\377y' > 'a b/ü/bin'",
      "ln -s a.txt link; rm -f gone.txt",
    ].join("; "),
  )

const isPushed = ({
  status,
  workspace: { push },
  checkpoints,
}: Pick<Session, "status" | "workspace" | "checkpoints">) =>
  status === "completed" && push?.trouble === null && push.checkpoint === checkpoints.length

const noteOf = (name: string) => `${name} is in a.txt; next comes after.txt.`

/** At work in its second turn, of which no checkpoint has anything yet. */
async function atWork(agentz: Installation, at: TestRepository, name: string) {
  const prompt = `${WORK(name)} [[checkpoint text=${JSON.stringify(noteOf(name))}]]`
  const sessionId = await agentz.spawn(prompt, "--cwd", at.path, "--worktree")
  const { workingDir } = await agentz.until(sessionId, "pushed", isPushed)
  const dir = workingDir ?? ""
  const files = filesIn(dir)
  const more = `${sh("echo lost > lost.txt; echo lost > a.txt")} [[slow n=150 ms=50]] [[recall]]`
  await agentz.run(["send", sessionId, more])
  await agentz.until(sessionId, "at work again", ({ turnId, turns, items }) => {
    const last = items.findLast((item) => item.type === "tool")
    return turns === 2 && last?.turnId === turnId && last.status === "completed"
  })
  return { sessionId, dir, files }
}

async function recovered(ready: Ready, total: number) {
  for (let waited = 0; waited < 60_000; waited += 100) {
    const { recovery } = (await (await fetch(`${ready.api}/healthz`)).json()) as {
      recovery?: { total: number; waiting: number }
    }
    if (recovery?.total === total && recovery.waiting === 0) return recovery
    await wait(100)
  }
  throw new Error("The recovery came to no end.")
}

async function goesOn(agentz: Installation, ready: Ready, sessionId: SessionId): Promise<Session> {
  const { agent } = agentz.client(ready)
  await agentz.until(sessionId, "interrupted", ({ status }) => status === "interrupted")
  await agent.resume.mutate({ sessionId })
  const over = await agentz.until(sessionId, "over", ({ status }) => status === "completed", 60_000)
  expect(over.items.filter((item) => item.type === "note").at(-1)).toMatchObject({ given: "interrupted" })
  expect(saidIn(over)).toContain(`NOTE ${over.note?.text}`)
  await agent.sendMessage.mutate({ sessionId, text: sh("echo after > after.txt") })
  return await agentz.until(sessionId, "pushed again", (session) => isPushed(session) && session.turns > 3)
}

test("everything is killed and the work trees and the clone are gone: all are back at their last pushed checkpoint", async () => {
  await using at = await repository()
  at.write("gone.txt", "gone\n")
  at.git(["add", "."])
  at.git(["commit", "-qm", "second"])
  const remote = remoteOf(at)
  await using agentz = await Installation.open({ AGENTZ_PUSH: "1" })
  const before = await agentz.up()
  const sessions = await Promise.all(["red", "green", "blue"].map((name) => atWork(agentz, at, name)))
  for (const { sessionId } of sessions) await killPid(agentz.daemon(sessionId))
  await killHard(before.process)
  const streams = agentz.streamServer()
  if (streams) await killPid(streams)
  rmSync(`${agentz.home}-worktrees`, { recursive: true })
  rmSync(at.path, { recursive: true })

  const ready = await agentz.up()
  expect(await recovered(ready, 3)).toEqual({ total: 3, recovered: 3, lost: 0, waiting: 0 })
  for (const { sessionId, dir, files } of sessions) {
    expect(filesIn(dir)).toEqual(files)
    const { workspace, checkpoints } = await agentz.session(sessionId)
    expect(workspace).toMatchObject({ lost: null, recovered: { from: "remote", gone: 0 } })
    expect(workspace.recovered?.checkpoint).toBe(checkpoints.at(-1)?.n)
    expect(at.git(["branch", "--show-current"], dir).trim()).toBe(workspace.push?.branch?.name)
  }
  expect(filesIn(at.path)).toEqual({ "a.txt": "- one\n", "gone.txt": "- gone\n" })
  at.git(["fsck", "--strict"])
  const metrics = await fetch(`${ready.api}/metrics`, { headers: { authorization: `Bearer ${ready.token}` } })
  expect(await metrics.text()).toContain('agentz_recovery_sessions{state="recovered"} 3')

  const after = await Promise.all(sessions.map(({ sessionId }) => goesOn(agentz, ready, sessionId)))
  expect(after.map(({ note }) => note?.text)).toEqual(["red", "green", "blue"].map(noteOf))
  for (const [index, { sessionId, files }] of sessions.entries()) {
    const session = after[index]
    if (!session) throw new Error("There are less sessions than before.")
    expect(filesIn(session.workingDir ?? "")).toEqual({ ...files, "after.txt": "- after\n" })
    expect(remote.refs()[`refs/agentz/${sessionId}/${session.checkpoints.length}`]).toBe(
      session.checkpoints.at(-1)?.commit,
    )
    expect((await agentz.run(["diff", sessionId, "--stat"])).stdout).toContain("A after.txt +1 -0")
  }
})

test("the user's own directory is gone: it is back with its branch, its commits and its files as they were last", async () => {
  await using at = await repository()
  const remote = remoteOf(at)
  const before = remote.refs()
  at.git(["checkout", "-qb", "topic"])
  at.write("b.txt", "never pushed by the user\n")
  at.git(["add", "."])
  at.git(["commit", "-qm", "second"])
  const head = at.git(["rev-parse", "HEAD"]).trim()
  await using agentz = await Installation.open({ AGENTZ_PUSH: "1" })
  const api = await agentz.up()
  const first = await agentz.spawn(sh("echo first > first.txt"), "--cwd", at.path)
  await agentz.until(first, "pushed", isPushed)
  const second = await agentz.spawn(`${WORK("red")} [[checkpoint text=red]]`, "--cwd", at.path)
  await agentz.until(second, "pushed", isPushed)
  const isBranch = (ref: string) => ref.startsWith("refs/heads/")
  const branches = Object.entries(remote.refs()).filter(([ref]) => isBranch(ref))
  expect(Object.fromEntries(branches)).toEqual(before)
  const files = at.files()
  for (const sessionId of [first, second]) await killPid(agentz.daemon(sessionId))
  await killHard(api.process)
  rmSync(at.path, { recursive: true })
  expect((await agentz.run(["recover", "--dry-run"])).stdout).toMatch(
    new RegExp(`^${second} .*checkpoint 2.*\n.*${first} `, "s"),
  )

  const ready = await agentz.up()
  expect(await recovered(ready, 2)).toEqual({ total: 2, recovered: 2, lost: 0, waiting: 0 })
  expect(at.files()).toEqual(files)
  expect(at.git(["branch", "--show-current"]).trim()).toBe("topic")
  expect(at.git(["rev-parse", "HEAD"]).trim()).toBe(head)
  expect(at.git(["status", "--porcelain"])).toContain("?? first.txt")
  at.git(["fsck", "--strict"])
  const noticesOf = async (sessionId: SessionId) =>
    (await agentz.session(sessionId)).items.flatMap((item) => (item.type === "notice" ? [item.title] : []))
  expect(await noticesOf(second)).toContain(
    "The directory was gone and is there again, with the files as they were at checkpoint 2.",
  )
  expect((await agentz.session(first)).workspace).toMatchObject({
    lost: null,
    recovered: { from: "remote", checkpoint: null, gone: 0 },
  })
  // What it kept is here again, too.
  expect((await agentz.run(["diff", first, "--turn", "1", "--stat"])).stdout).toContain("A first.txt +1 -0")

  await agentz.run(["send", second, sh("echo after > after.txt")])
  const after = await agentz.until(second, "pushed again", (one) => isPushed(one) && one.turns === 2)
  expect(remote.refs()[`refs/agentz/${second}/${after.checkpoints.length}`]).toBe(
    after.checkpoints.at(-1)?.commit,
  )
  expect(Object.keys(remote.refs()).filter(isBranch)).toEqual(Object.keys(before))
})

test("a machine wakes with an empty disk, and only the streams are elsewhere; another one leaves its sessions alone", async () => {
  await using at = await repository()
  remoteOf(at)
  await using streams = await streamServer()
  const { url, token } = streams.endpoint()
  await using agentz = await Installation.open({
    ...{ AGENTZ_PUSH: "1", AGENTZ_STREAMS_URL: `${url}`, AGENTZ_STREAMS_TOKEN: token ?? "" },
    AGENTZ_MACHINE: "box",
  })
  const before = await agentz.up()
  const { agent } = agentz.client(before)
  const sessionOf = async (sessionId: SessionId) => (await agent.getSession.query({ sessionId })).session
  const sessionId = await agentz.spawn(WORK("red"), "--cwd", at.path, "--worktree")
  for (let waited = 0; !isPushed(await sessionOf(sessionId)); waited += 50) {
    if (waited > 30_000) throw new Error("It was never pushed.")
    await wait(50)
  }
  const { workingDir } = await sessionOf(sessionId)
  const files = filesIn(workingDir ?? "")
  await killPid(agentz.daemon(sessionId))
  await killHard(before.process)
  for (const path of [`${agentz.home}-worktrees`, at.path, agentz.home]) rmSync(path, { recursive: true })

  const other = await agentz.up({ AGENTZ_MACHINE: "other" })
  expect((await agentz.run(["recover", "--dry-run"], { env: { AGENTZ_MACHINE: "other" } })).stdout).toBe(
    "Nothing is gone.\n",
  )
  expect(existsSync(at.path)).toBe(false)
  await killHard(other.process)
  const ready = await agentz.up()
  await recovered(ready, 1)
  expect(filesIn(workingDir ?? "")).toEqual(files)
  const again = agentz.client(ready).agent
  await again.sendMessage.mutate({ sessionId, text: sh("echo after > after.txt") })
  for (let waited = 0; ; waited += 50) {
    const { session } = await again.getSession.query({ sessionId })
    if (session.turns === 2 && isPushed(session)) break
    if (waited > 30_000) throw new Error(`It never went on: ${JSON.stringify(session.error)}`)
    await wait(50)
  }
  expect(readFileSync(`${workingDir}/after.txt`, "utf8")).toBe("after\n")
})

test("a directory that was pushed nowhere, or of which the rest is still here, is not made up", async () => {
  await using at = await repository()
  at.write("sub/a.txt", "a\n")
  at.git(["add", "."])
  at.git(["commit", "-qm", "sub"])
  await using agentz = await Installation.open({ AGENTZ_IDLE_SECONDS: "0.2" })
  await agentz.up()
  const over = ({ status, daemon }: Session) => status === "completed" && daemon === null
  const sub = `${at.path}/sub`
  const unkept = await agentz.spawn(WORK("red"), "--cwd", sub)
  await agentz.until(unkept, "over", over)
  remoteOf(at)
  const pushed = { env: { AGENTZ_PUSH: "1" } }
  const started = await agentz.run(["run", WORK("blue"), "--cwd", sub, "--mode", "bypass"], pushed)
  expect(started.code).toBe(0)
  expect((await agentz.run(["recover", unkept])).stdout).toContain("is there")
  rmSync(sub, { recursive: true })
  const { code, stderr } = await agentz.run(["recover", unkept])
  expect({ code, stderr }).toMatchObject({ code: 1 })
  expect(stderr).toContain("its checkpoints were pushed nowhere")
  const all = await agentz.run(["recover"])
  expect({ code: all.code, lines: all.stdout.match(/is lost/g)?.length }).toEqual({ code: 1, lines: 1 })
  expect(all.stdout).toContain(`which is gone from your own repository in ${at.path}`)
  expect(existsSync(sub)).toBe(false)
})

test("what was never pushed is named with the reason, and a work tree whose repository is still here comes from that", async () => {
  await using at = await repository()
  await using agentz = await Installation.open({ AGENTZ_IDLE_SECONDS: "0.2" })
  const ready = await agentz.up()
  const { agent } = agentz.client(ready)
  const sessionId = await agentz.spawn(WORK("red"), "--cwd", at.path, "--worktree")
  const { workingDir } = await agentz.until(
    sessionId,
    "parked",
    ({ status, daemon }) => status === "completed" && daemon === null,
  )
  const dir = workingDir ?? ""
  const files = filesIn(dir)
  const recover = async (...words: readonly string[]) => {
    const { code, stdout } = await agentz.run(["recover", ...words, "--json"])
    return { code, ...JSON.parse(stdout) }
  }
  expect(await recover()).toMatchObject({ code: 0, sessions: [] })
  expect(await recover(sessionId)).toMatchObject({ sessions: [{ outcome: "there" }] })

  rmSync(dir, { recursive: true })
  expect(await recover("--dry-run")).toMatchObject({ sessions: [{ outcome: "gone", from: "repository" }] })
  expect((await refusalOf(agent.push.mutate({ sessionId }))).message).toContain(`agentz recover ${sessionId}`)
  expect(await recover()).toMatchObject({
    code: 0,
    sessions: [{ outcome: "recovered", checkpoint: 2, gone: 0 }],
  })
  expect(filesIn(dir)).toEqual(files)

  rmSync(dir, { recursive: true })
  await agentz.run(["send", sessionId, sh("echo after > after.txt")])
  await agentz.until(sessionId, "over", ({ status, turns }) => status === "completed" && turns === 2)
  expect(filesIn(dir)).toEqual({ ...files, "after.txt": "- after\n" })

  await agentz.until(sessionId, "parked", ({ daemon }) => daemon === null)
  rmSync(dir, { recursive: true })
  rmSync(at.path, { recursive: true })
  const lost = await agentz.run(["recover"])
  expect(lost.code).toBe(1)
  expect(lost.stdout).toContain(
    `The repository in ${at.path} is gone, and the work of the session was never pushed`,
  )
  expect((await agentz.session(sessionId)).workspace.lost?.code).toBe("nowhere_else")
  expect((await agentz.run(["show", sessionId])).stdout).toContain("what it works in is gone: ")
})

const KILLS = process.env.AGENTZ_TEST_LONG ? 60 : 3

test.each([
  ["a work tree", ["--worktree"]],
  ["the user's directory", []],
])(
  "%s: killed in the middle of it, again and again, the next recovery finishes it and leaves nothing half made",
  async (_what, how) => {
    await using at = await repository()
    remoteOf(at)
    await using agentz = await Installation.open({ AGENTZ_PUSH: "1", AGENTZ_IDLE_SECONDS: "0.2" })
    const api = await agentz.up()
    const sessionId = await agentz.spawn(WORK("red"), "--cwd", at.path, ...how)
    const session = await agentz.until(sessionId, "pushed", (one) => isPushed(one) && one.daemon === null)
    const dir = session.workingDir ?? ""
    const files = filesIn(dir)
    await killHard(api.process)
    const { next } = seeded("recover")
    const began = performance.now()
    for (const path of new Set([dir, at.path])) rmSync(path, { recursive: true })
    await agentz.run(["recover", sessionId])
    const wholeMs = performance.now() - began
    let cut = 0
    for (let round = 0; round < KILLS; round++) {
      rmSync(dir, { recursive: true, force: true })
      rmSync(at.path, { recursive: true, force: true })
      const child = spawn(process.execPath, [PROGRAM, "recover"], {
        env: agentz.environment(),
        stdio: "ignore",
      })
      await wait(next() * wholeMs)
      if (child.exitCode === null) {
        cut += 1
        await killHard(child)
      }
      const { code, stdout } = await agentz.run(["recover", sessionId])
      expect({ code, stdout }).toMatchObject({ code: 0 })
      expect(filesIn(dir)).toEqual(files)
      expect(existsSync(`${dir}/.git`)).toBe(true)
      at.git(["status", "--porcelain"], dir)
      at.git(["fsck", "--strict"])
    }
    console.log(`recover: ${cut} of ${KILLS} were killed before their end`)
    expect(cut).toBeGreaterThan(0)
    expect(readdirSync(at.outer).filter((name) => name.includes("agentz-clone"))).toEqual([])
  },
)

/** The work of sessions goes to a remote: when it is asked for, and by itself after each turn. */
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"
import type { Session } from "#streams/session"
import { remoteOf } from "../support/remote.ts"
import { repository, type TestRepository } from "../support/repository.ts"
import { Installation, killHard, killPid, refusalOf } from "./installation.ts"

const sh = (command: string) => `[[bash ask=no cmd=${JSON.stringify(command)}]]`
const write = (text: string) => sh(`echo ${text} > a.txt`)

const isOver = ({ status }: Session) => status === "completed"
const isPushed = (session: Session) =>
  isOver(session) &&
  session.workspace.push?.trouble === null &&
  session.workspace.push.checkpoint === session.checkpoints.length

const inTree = (at: TestRepository, ...more: readonly string[]) => ["--cwd", at.path, "--worktree", ...more]

test("a branch is pushed when that is asked for, with its commits and nothing else, and why not is said", async () => {
  await using at = await repository()
  await using agentz = await Installation.open()
  const { agent } = agentz.client(await agentz.up())
  const sessionId = await agentz.spawn(write("two"), ...inTree(at, "--branch", "feature"))
  await agentz.until(sessionId, "over", isOver)
  const reasonOf = async () => (await refusalOf(agent.push.mutate({ sessionId }))).reason
  expect(await reasonOf()).toBe("nothing_to_push")
  const { commit } = await agent.commit.mutate({ sessionId, message: "Two" })
  expect(await reasonOf()).toBe("no_remote")
  at.git(["remote", "add", "evil", "ext::touch fired"])
  expect(await refusalOf(agent.push.mutate({ sessionId, remote: "evil" }))).toMatchObject({
    code: "PRECONDITION_FAILED",
    reason: "remote_refused",
  })
  const remote = remoteOf(at)
  await agentz.run(["send", sessionId, sh("echo new > new.txt")])
  await agentz.until(sessionId, "over again", (session) => isOver(session) && session.turns === 2)
  const pushed = await agentz.run(["push", sessionId])
  expect(pushed).toMatchObject({ code: 0, stderr: "In no commit yet, and so not pushed: 1 file.\n" })
  expect(pushed.stdout).toBe(`feature is at ${remote.path}, ${commit.slice(0, 12)}.\n`)
  expect(Object.keys(remote.refs())).toEqual(["refs/heads/feature", "refs/heads/main"])
  expect((await agentz.run(["show", sessionId])).stdout).toContain(`feature at ${commit.slice(0, 8)}`)

  // Somebody else has pushed there since: it is not written over.
  const other = at.git(["commit-tree", "-p", "main", "-m", "other", "main^{tree}"]).trim()
  at.git(["push", "-q", "--force", "origin", `${other}:feature`])
  await agent.commit.mutate({ sessionId, message: "New" })
  expect(await reasonOf()).toBe("push_rejected")
  expect(remote.refs()["refs/heads/feature"]).toBe(other)
})

test("branch and checkpoints are pushed by themselves once that was allowed, and nowhere else", async () => {
  await using at = await repository()
  const remote = remoteOf(at)
  at.write(".agentz/config.yaml", "push: true\n")
  await using agentz = await Installation.open()
  const ready = await agentz.up()
  const { agent } = agentz.client(ready)
  const args = ["run", write("two"), ...inTree(at), "--detach", "--mode", "bypass"]
  expect(JSON.parse((await agentz.run([...args, "--json"])).stderr).error.reason).toBe("commands_not_allowed")
  // What is done in the user's own directory does not wait for leave, and goes nowhere without it.
  const early = await agentz.spawn(write("one"), "--cwd", at.path)
  await agentz.until(early, "over", isOver)
  expect((await agentz.run(["trust", at.path, "--yes"])).stdout).toContain(
    `pushed to origin (${remote.path}).\nThey are allowed now.`,
  )
  const sessionId = await agentz.spawn(write("two"), ...inTree(at))
  const session = await agentz.until(sessionId, "pushed", isPushed)
  const { checkpoints, workspace } = session
  expect(remote.refs()).toMatchObject({
    [`refs/heads/${workspace.push?.branch?.name}`]: workspace.push?.branch?.commit,
    ...Object.fromEntries(checkpoints.map(({ n, commit }) => [`refs/agentz/${sessionId}/${n}`, commit])),
  })
  expect(at.git(["show", `refs/agentz/${sessionId}/2:a.txt`], remote.path)).toBe("two\n")
  const own = await agentz.spawn(write("own"), "--cwd", at.path)
  await agentz.until(own, "pushed", isPushed)
  const pushed = Object.keys(remote.refs())
  expect(pushed).toContain(`refs/agentz/${own}/2`)
  expect(pushed.filter((ref) => ref.includes(early))).toEqual([])
  expect(remote.refs()["refs/heads/main"]).toBe(at.git(["rev-parse", "main"]).trim())
  const fork = await agent.fork.mutate({ sessionId: own, prompt: write("forked") })
  const { workspace: forked } = await agentz.until(fork.sessionId, "pushed", isPushed)
  expect(remote.refs()[`refs/heads/${forked.push?.branch?.name}`]).toBe(forked.push?.branch?.commit)
  const metrics = await fetch(`${ready.api}/metrics`, { headers: { authorization: `Bearer ${ready.token}` } })
  expect(await metrics.text()).toMatch(/agentz_pushes_total\{outcome="pushed"\} [1-9]/)

  // An agent that leads the remote elsewhere gets nothing there.
  const elsewhere = join(at.outer, "elsewhere.git")
  at.git(["init", "-q", "--bare", elsewhere])
  await agent.sendMessage.mutate({
    sessionId,
    text: `${sh(`git config remote.origin.url ${elsewhere}`)} ${write("three")}`,
  })
  const led = await agentz.until(sessionId, "refused", (one) => one.workspace.push?.trouble != null)
  expect(led.workspace.push?.trouble).toMatchObject({ error: { code: "remote_changed" }, dueAt: null })
  expect(at.git(["for-each-ref"], elsewhere)).toBe("")
})

test("a remote that is away fails no turn; it is tried again, whatever was killed meanwhile", async () => {
  await using at = await repository()
  const remote = remoteOf(at)
  await using agentz = await Installation.open({ AGENTZ_PUSH: "1" })
  const api = await agentz.up()
  const away = `${remote.path}.away`
  renameSync(remote.path, away)
  writeFileSync(remote.path, "")
  const sessionId = await agentz.spawn(write("two"), ...inTree(at))
  const failed = await agentz.until(
    sessionId,
    "over, and not pushed",
    (session) => isOver(session) && session.workspace.push?.trouble != null,
  )
  expect(failed.error).toBeNull()
  expect((await agentz.run(["show", sessionId])).stdout).toContain("nothing is at origin yet · ")
  await killPid(agentz.daemon(sessionId))
  await killHard(api.process)
  renameSync(remote.path, `${remote.path}.file`)
  renameSync(away, remote.path)
  await agentz.up()
  await agentz.run(["send", sessionId, sh("true")])
  const session = await agentz.until(sessionId, "pushed", isPushed)
  expect(remote.refs()[`refs/agentz/${sessionId}/2`]).toBe(session.checkpoints[1]?.commit)
})

/** `gh` is not everywhere: this one notes what it was told. */
function fakeGh(dir: string): { readonly path: string; readonly told: () => readonly string[][] } {
  mkdirSync(dir)
  const notes = join(dir, "told")
  const script = [
    "#!/bin/sh",
    `{ pwd; for word in "$@"; do echo "$word"; done; [ "$2" = create ] && sed 's/^/> /'; echo ---; } >> ${notes}`,
    `[ "$2" = status ] && exit $(cat ${join(dir, "status")})`,
    'echo "https://example.com/a/b/pull/7"',
  ].join("\n")
  writeFileSync(join(dir, "gh"), `${script}\n`, { mode: 0o755 })
  writeFileSync(join(dir, "status"), "0")
  const told = () =>
    existsSync(notes)
      ? readFileSync(notes, "utf8")
          .split("---\n")
          .filter(Boolean)
          .map((text) => text.trimEnd().split("\n"))
      : []
  return { path: dir, told }
}

test("a pull request is asked for through gh, outside of the repository, and a dry run asks for none", async () => {
  await using at = await repository()
  const remote = remoteOf(at)
  const gh = fakeGh(join(at.outer, "bin"))
  // The host is one of a name alone: whoever would reach it by ssh gets the directory here.
  const ssh = join(at.outer, "ssh")
  writeFileSync(ssh, `#!/bin/sh\nexec git receive-pack ${remote.path}\n`, { mode: 0o755 })
  at.git(["config", "remote.origin.url", "git@example.com:a/b.git"])
  await using agentz = await Installation.open({ GIT_SSH_COMMAND: ssh })
  await agentz.up()
  const sessionId = await agentz.spawn(write("two"), ...inTree(at, "--branch", "feature"))
  await agentz.until(sessionId, "over", isOver)
  const { commit } = JSON.parse(
    (await agentz.run(["commit", sessionId, "--json", "--", "--title=Two"])).stdout,
  )
  const pr = (...words: readonly string[]) =>
    agentz.run(["pr", sessionId, ...words, "--json"], { env: { PATH: `${gh.path}:${process.env.PATH}` } })
  const bare = await agentz.run(["pr", sessionId, "--dry-run", "--json"])
  expect(JSON.parse(bare.stdout).refused.reason).toBe("gh_missing")
  const dry = JSON.parse((await pr("--dry-run", "--base", "main", "--title=--draft")).stdout)
  expect(dry).toMatchObject({
    ...{ repository: "example.com/a/b", head: "feature", base: "main", title: "--draft" },
    ...{ body: "- --title=Two\n", url: null, refused: null },
  })
  const status = ["/", "auth", "status", "--hostname=example.com"]
  expect(gh.told()).toEqual([status])
  writeFileSync(join(gh.path, "status"), "1")
  expect(JSON.parse((await pr()).stderr).error).toMatchObject({
    reason: "gh_not_signed_in",
    message: expect.stringContaining("https://example.com/a/b/compare/feature?expand=1"),
  })
  expect(remote.refs()).not.toHaveProperty("refs/heads/feature")
  writeFileSync(join(gh.path, "status"), "0")
  const made = JSON.parse((await pr("--draft", "--title=Two things")).stdout)
  expect(made.url).toBe("https://example.com/a/b/pull/7")
  expect(gh.told().slice(2)).toEqual([
    status,
    [
      ...["/", "pr", "create", "--repo=example.com/a/b", "--head=feature", "--title=Two things"],
      ...["--body-file=-", "--draft", "> - --title=Two"],
    ],
  ])
  expect(remote.refs()["refs/heads/feature"]).toBe(commit)
})

test("without a forge there are no pull requests", async () => {
  await using at = await repository()
  remoteOf(at)
  await using agentz = await Installation.open()
  const { agent } = agentz.client(await agentz.up())
  const sessionId = await agentz.spawn(write("two"), ...inTree(at))
  await agentz.until(sessionId, "over", isOver)
  await agent.commit.mutate({ sessionId, message: "Two" })
  expect((await refusalOf(agent.pullRequest.mutate({ sessionId }))).reason).toBe("no_pull_requests")
})

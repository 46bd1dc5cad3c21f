/** A remote behind https that wants to know who comes: the user's credential helper tells it, nobody is ever asked. */
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"
import type { SessionId } from "#streams/ids"
import type { Session } from "#streams/session"
import { httpsRemote, PASSWORD, USER } from "../support/https-remote.ts"
import { remoteOf } from "../support/remote.ts"
import { filesIn, repository } from "../support/repository.ts"
import { Installation, killHard, killPid, refusalOf } from "./installation.ts"

const work = (text: string) => `[[bash ask=no cmd="echo ${text} > a.txt"]]`
const isOver = ({ status }: Session) => status === "completed"
const isPushed = (session: Session) =>
  isOver(session) &&
  session.workspace.push?.trouble === null &&
  session.workspace.push.checkpoint === session.checkpoints.length
const isRefused = (session: Session) => isOver(session) && session.workspace.push?.trouble != null

const HELPER = `helper = "!f() { test \\"$1\\" = get && printf 'username=${USER}\\\\npassword=%s\\\\n' \\"$(cat ~/secret)\\"; }; f"`

/** The user's own configuration of git; the password itself is in a file of theirs. */
function configure(agentz: Installation, certificate: string, credential = ""): void {
  const userHome = join(agentz.home, "..")
  writeFileSync(join(userHome, "secret"), PASSWORD)
  const lines = ["[http]", `sslCAInfo = ${certificate}`, ...(credential && ["[credential]", credential])]
  writeFileSync(join(userHome, ".gitconfig"), `${lines.join("\n")}\n`)
}

/** All that agentz has written down, and all that it tells of the session. */
async function expectNoPassword(agentz: Installation, sessionId: SessionId): Promise<void> {
  const kept = readdirSync(agentz.home, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
  expect(kept.filter((file) => readFileSync(file, "latin1").includes(PASSWORD))).toEqual([])
  expect(JSON.stringify(await agentz.events(sessionId))).not.toContain(PASSWORD)
  const { stdout, stderr } = await agentz.run(["show", sessionId, "--json"])
  expect(stdout + stderr).not.toContain(PASSWORD)
}

test("a credential helper signs in: work is pushed by itself and when asked for, and comes back from there", async () => {
  await using at = await repository()
  const remote = remoteOf(at)
  await using server = await httpsRemote(at, remote)
  at.git(["config", "remote.origin.url", server.url()])
  await using agentz = await Installation.open({ AGENTZ_PUSH: "1" })
  configure(agentz, server.certificate, HELPER)
  const api = await agentz.up()
  const { agent } = agentz.client(api)
  const sessionId = await agentz.spawn(work("two"), "--cwd", at.path, "--worktree")
  const { workingDir, checkpoints, workspace } = await agentz.until(sessionId, "pushed", isPushed)
  expect(workspace.push?.url).toBe(server.url())
  expect(remote.refs()[`refs/agentz/${sessionId}/2`]).toBe(checkpoints[1]?.commit)
  const { commit, branch } = await agent.commit.mutate({ sessionId, message: "Two" })
  expect(await agent.push.mutate({ sessionId })).toMatchObject({ commit, url: server.url() })
  expect(remote.refs()[`refs/heads/${branch}`]).toBe(commit)

  const files = filesIn(workingDir ?? "")
  await killPid(agentz.daemon(sessionId))
  await killHard(api.process)
  for (const path of [`${agentz.home}-worktrees`, at.path]) rmSync(path, { recursive: true })
  const recovered = await agentz.run(["recover", sessionId])
  expect(recovered).toMatchObject({ code: 0, stdout: expect.stringContaining("is there again") })
  expect(filesIn(workingDir ?? "")).toEqual(files)
  expect(at.git(["config", "remote.origin.url"]).trim()).toBe(server.url())
  await expectNoPassword(agentz, sessionId)
})

test("without one nobody is asked and nothing hangs: it is said who does not let us in, and what to do", async () => {
  await using at = await repository()
  const remote = remoteOf(at)
  await using server = await httpsRemote(at, remote)
  at.git(["config", "remote.origin.url", server.url()])
  await using agentz = await Installation.open({ AGENTZ_PUSH: "1" })
  configure(agentz, server.certificate)
  const { agent } = agentz.client(await agentz.up())
  const sessionId = await agentz.spawn(work("two"), "--cwd", at.path, "--worktree")
  const refused = await agentz.until(sessionId, "refused", isRefused)
  expect(refused.workspace.push?.trouble).toMatchObject({
    error: { code: "remote_auth_failed", hint: expect.stringContaining("credential helper") },
    dueAt: null,
  })
  await agent.commit.mutate({ sessionId, message: "Two" })
  expect(await refusalOf(agent.push.mutate({ sessionId }))).toMatchObject({ reason: "remote_auth_failed" })
  expect(server.refused).toBeGreaterThan(0)

  // A password in the address is used, and is nobody else's to see: nor does what is kept of the address have it.
  at.git(["config", "remote.origin.url", server.url(`${USER}:${PASSWORD}@`)])
  expect(await agent.push.mutate({ sessionId })).toMatchObject({ url: server.url() })
  at.git(["config", "remote.origin.url", server.url(`${USER}:${PASSWORD}-wrong@`)])
  await agentz.run(["send", sessionId, work("three")])
  const wrong = await agentz.until(sessionId, "refused again", (one) => one.turns === 2 && isRefused(one))
  expect(wrong.workspace.push?.trouble?.error.code).toBe("remote_auth_failed")
  const { message } = await refusalOf(agent.push.mutate({ sessionId }))
  expect(message).toContain(server.url())
  expect(message).not.toContain(PASSWORD)
  await expectNoPassword(agentz, sessionId)

  for (const path of [`${agentz.home}-worktrees`, at.path]) rmSync(path, { recursive: true })
  const lost = await agentz.run(["recover", sessionId])
  expect(lost.code).toBe(1)
  expect(lost.stdout).toContain("The remote does not let you in")
  expect(lost.stdout).toContain("credential helper")
})

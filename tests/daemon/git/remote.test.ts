/**
 * Commits go to a remote and come back, and nothing that the repository names is run for it. Each way is tried with plain
 * git first, where the planted program must run.
 */
import { chmodSync, existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"
import type { Address } from "#daemon/git/address"
import { GitError, git } from "#daemon/git/git"
import { kindOf, standIn } from "#daemon/git/place"
import { refsTold, troubleOf } from "#daemon/git/push-report"
import { cloneTo, fetchInto, push, RemoteRefused, remoteIn, remoteNamed } from "#daemon/git/remote"
import { commitsIn } from "#daemon/git/worktree"
import { remoteOf } from "../../support/remote.ts"
import { filesIn, repository, type TestRepository } from "../../support/repository.ts"

const headOf = (at: TestRepository, name = "HEAD") => at.git(["rev-parse", name]).trim()

const ours = async (at: TestRepository) => await standIn(join(at.home, "git"), await kindOf(at.path))

/** The kind of trouble that a call ran into; `null`: none. */
async function troubleIn(call: Promise<unknown>): Promise<string | null> {
  try {
    await call
    return null
  } catch (error) {
    if (error instanceof RemoteRefused) return error.failure.code
    if (!(error instanceof GitError)) throw error
    return troubleOf(error)
  }
}

test("a branch and hidden refs are pushed, fetched elsewhere and cloned, and the repository itself stays as it is", async () => {
  await using at = await repository()
  const remote = remoteOf(at)
  const own = at.own()
  at.git(["update-ref", "refs/agentz/ses_x/1", "HEAD"])
  at.git(["commit", "-q", "--allow-empty", "-m", "second"])
  const [first, second] = [headOf(at, "HEAD~1"), headOf(at)]
  at.git(["reset", "-q", "--soft", "HEAD~1"])
  await using place = await ours(at)
  const address = await remoteNamed(at.path, "origin")
  const refs = [
    { ref: "refs/heads/side", commit: second },
    { ref: "refs/agentz/ses_x/1", commit: first },
  ]
  expect((await push(place, address, refs)).map(({ outcome }) => outcome)).toEqual(["taken", "taken"])
  expect(remote.refs()).toMatchObject({ "refs/heads/side": second, "refs/agentz/ses_x/1": first })
  expect({ ...at.own(), index: "" }).toEqual({ ...own, index: "" })

  await using other = await repository()
  await using there = await ours(other)
  expect((await commitsIn(other.path, [second])).size).toBe(0)
  await fetchInto(there, address, ["refs/heads/side", "+refs/agentz/ses_x/*:refs/agentz/ses_x/*"])
  expect(await commitsIn(other.path, [first, second, "0".repeat(40)])).toEqual(new Set([first, second]))
  expect(other.git(["for-each-ref", "--format=%(refname)"])).toBe("refs/heads/main\n")

  const clone = join(at.outer, "clone")
  await cloneTo(clone, address, { name: "up" })
  await git({ directory: clone, subcommand: "reset", options: ["--hard", "--quiet"] })
  expect(filesIn(clone)).toEqual({ "a.txt": "- one\n" })
  expect(at.git(["remote", "-v"], clone)).toContain(`up\t${remote.path} (push)`)
})

test("a remote branch is written over only where it is what was pushed before", async () => {
  await using at = await repository()
  remoteOf(at)
  await using place = await ours(at)
  const address = await remoteNamed(at.path, "origin")
  const ref = "refs/heads/side"
  const [one, two] = ["one", "two"].map((message) => {
    at.git(["checkout", "-q", "--detach", "main"])
    at.git(["commit", "-q", "--allow-empty", "-m", message])
    return headOf(at)
  })
  if (!one || !two) throw new Error("There are no commits.")
  await push(place, address, [{ ref, commit: one }])
  expect(await troubleIn(push(place, address, [{ ref, commit: two }]))).toBe("push_rejected")
  expect(await troubleIn(push(place, address, [{ ref, commit: two, over: two }]))).toBe("push_rejected")
  const told = await push(place, address, [{ ref, commit: two, over: one }])
  expect(told).toMatchObject([{ ref, outcome: "taken" }])
})

test("what one ref is refused for keeps the others from nothing", async () => {
  await using at = await repository()
  const remote = remoteOf(at)
  await using place = await ours(at)
  const address = await remoteNamed(at.path, "origin")
  at.git(["checkout", "-q", "--detach"])
  at.git(["commit", "-q", "--amend", "-m", "another first"])
  const commit = headOf(at)
  const refs = [
    { ref: "refs/heads/main", commit },
    { ref: "refs/agentz/ses_x/1", commit },
  ]
  const error = await push(place, address, refs).catch((caught: unknown) => caught)
  if (!(error instanceof GitError)) throw error
  expect(refsTold(error.said).map(({ ref, outcome }) => `${ref} ${outcome}`)).toContain(
    "refs/heads/main refused",
  )
  expect(remote.refs()["refs/agentz/ses_x/1"]).toBe(commit)
})

test("each kind of trouble is told apart, and nobody is asked anything", async () => {
  await using at = await repository()
  await using place = await ours(at)
  const refs = [{ ref: "refs/heads/side", commit: headOf(at) }]
  const to = (address: Address) => troubleIn(push(place, address, refs, { timeoutMs: 20_000 }))
  const at_ = (protocol: Address["protocol"], url: string) => to({ protocol, url, shown: url })
  expect(await troubleIn(remoteNamed(at.path, "origin"))).toBe("no_remote")
  expect(await remoteIn(at.path, "--all")).toHaveProperty("why")
  at.git(["config", "remote.evil.url", "ext::touch x"])
  expect(await troubleIn(remoteNamed(at.path, "evil"))).toBe("remote_refused")
  expect(await at_("file", join(at.outer, "nowhere.git"))).toBe("remote_missing")
  expect(await at_("git", "git://127.0.0.1:1/a.git")).toBe("remote_away")
  expect(await at_("https", "https://127.0.0.1:1/a.git")).toBe("remote_away")
  expect(await at_("ssh", "ssh://git@127.0.0.1:1/a.git")).toBe("remote_away")
})

test("a remote that never answers is given up on, and can be let go of at once", async () => {
  await using at = await repository()
  await using place = await ours(at)
  const silent = join(at.outer, "silent")
  writeFileSync(silent, "#!/bin/sh\nexec sleep 60\n")
  chmodSync(silent, 0o755)
  const address = { protocol: "ssh", url: "ssh://example.com/a.git", shown: "" } as const
  const refs = [{ ref: "refs/heads/side", commit: headOf(at) }]
  const env = { GIT_SSH_COMMAND: silent }
  expect(await troubleIn(push(place, address, refs, { env, timeoutMs: 500 }))).toBe("remote_away")
  const over = new AbortController()
  const pushing = troubleIn(push(place, address, refs, { env, signal: over.signal }))
  over.abort()
  expect(await pushing).toBe("push_failed")
})

type Plant = (at: TestRepository, evil: string) => void

const VECTORS: readonly (readonly [string, Plant])[] = [
  [
    "a hook before a push",
    (at) => at.write(".git/hooks/pre-push", `#!/bin/sh\nexec ${join(at.outer, "evil")}\n`, 0o755),
  ],
  ["another program at the other end", (at, evil) => at.git(["config", "remote.origin.receivepack", evil])],
  [
    "another address in the place of this one",
    (at, evil) => {
      at.git(["config", `url.ext::${evil} .insteadOf`, join(at.outer, "origin")])
      at.git(["config", "protocol.ext.allow", "always"])
    },
  ],
  [
    "a program to reach a host by",
    (at, evil) => {
      at.git(["config", "core.sshCommand", evil])
      at.git(["config", "remote.origin.url", "ssh://127.0.0.1:1/a.git"])
    },
  ],
  [
    "a proxy to a host",
    (at, evil) => {
      at.git(["config", "core.gitProxy", evil])
      at.git(["config", "remote.origin.url", "git://127.0.0.1:1/a.git"])
    },
  ],
  [
    "an address that is a command",
    (at, evil) => {
      at.git(["config", "protocol.ext.allow", "always"])
      at.git(["config", "remote.origin.url", `ext::${evil}`])
    },
  ],
  [
    "a hook of a remote that lies in the tree",
    (at) => {
      at.git(["init", "-q", "--bare", "data.git"])
      for (const hook of ["pre-receive", "update", "post-receive", "post-update", "reference-transaction"])
        at.write(`data.git/hooks/${hook}`, `#!/bin/sh\n${join(at.outer, "evil")}\nexit 0\n`, 0o755)
      at.git(["config", "remote.origin.url", "./data.git"])
    },
  ],
  [
    "a clone in the tree that takes pushes into its files",
    (at, evil) => {
      at.git(["clone", "-q", ".", "inner"])
      at.git(["config", "receive.denyCurrentBranch", "updateInstead"], join(at.path, "inner"))
      at.git(["config", "core.fsmonitor", evil], join(at.path, "inner"))
      at.git(["config", "remote.origin.url", "./inner"])
    },
  ],
]

test.each(VECTORS)("%s runs in plain git and not in ours", async (_name, plant) => {
  const planted = async () => {
    const at = await repository()
    remoteOf(at)
    const mark = join(at.outer, "fired")
    const evil = join(at.outer, "evil")
    writeFileSync(evil, `#!/bin/sh\ntouch ${mark}\n`)
    chmodSync(evil, 0o755)
    plant(at, evil)
    at.git(["commit", "-q", "--allow-empty", "-m", "second"])
    rmSync(mark, { force: true })
    return { at, fired: () => existsSync(mark) }
  }
  {
    const { at, fired } = await planted()
    await using _at = at
    try {
      at.git(["push", "-q", "origin", "HEAD:main"])
    } catch {
      // Many of these make git fail, too.
    }
    expect(fired(), "plain git").toBe(true)
  }
  const { at, fired } = await planted()
  await using _at = at
  await using place = await ours(at)
  const address = await remoteIn(at.path, "origin")
  if (address === null) throw new Error("There is no remote.")
  if (!("why" in address)) {
    const refs = [
      { ref: "refs/heads/main", commit: headOf(at) },
      { ref: "refs/heads/side", commit: headOf(at) },
    ]
    await troubleIn(push(place, address, refs, { timeoutMs: 20_000 }))
    await troubleIn(fetchInto(place, address, ["refs/heads/main"], { timeoutMs: 20_000 }))
    await troubleIn(cloneTo(join(at.outer, "clone"), address, { name: "origin", timeoutMs: 20_000 }))
  }
  expect(fired(), "our git").toBe(false)
})

test("the user's own configuration says how one signs in, and the repository's does not", async () => {
  await using at = await repository()
  await using place = await ours(at)
  mkdirSync(join(at.outer, "user"))
  const asked = join(at.outer, "asked")
  const helper = (name: string) => `!f() { echo ${name} >> ${asked}; }; f`
  const config = join(at.outer, "user/gitconfig")
  writeFileSync(config, `[core]\n\tsshCommand = ${join(at.outer, "by-user")}\n`)
  writeFileSync(join(at.outer, "by-user"), `#!/bin/sh\necho user >> ${asked}\nexit 1\n`)
  chmodSync(join(at.outer, "by-user"), 0o755)
  at.git(["config", "credential.helper", helper("repository")])
  at.git(["config", "core.sshCommand", "false"])
  const address = { protocol: "ssh", url: "ssh://example.com/a.git", shown: "" } as const
  const refs = [{ ref: "refs/heads/side", commit: headOf(at) }]
  await troubleIn(push(place, address, refs, { env: { GIT_CONFIG_GLOBAL: config } }))
  expect(existsSync(asked)).toBe(true)
})

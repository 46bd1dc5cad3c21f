/**
 * A repository may name programs that git runs, in its configuration, attributes and hooks. Each way is tried with
 * plain git first, where the planted program must run: a trap that never closes proves nothing.
 */
import { execFileSync } from "node:child_process"
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"
import { changesBetween, patchBetween } from "#daemon/git/differences"
import { filesInRepository } from "#daemon/git/files"
import { GitError, git } from "#daemon/git/git"
import type { Subcommand } from "#daemon/git/invocation"
import { knownPlace } from "#daemon/git/place"
import { changesIn, repositoryOf } from "#daemon/git/repository"
import { snapshot } from "#daemon/git/snapshot"
import { keptSession } from "../../support/kept-session.ts"
import { tempDir } from "../../support/temp-dir.ts"

type Words = readonly [Subcommand, ...(readonly string[])]

/** A repository with one commit, and a program beside it that leaves a mark when it is run. */
async function field() {
  const outer = await tempDir()
  const repo = join(outer.path, "repo")
  const mark = join(outer.path, "mark")
  const evil = join(outer.path, "evil")
  // As a filter it passes on what it is given.
  writeFileSync(evil, `#!/bin/sh\necho fired >> ${mark}\n[ "$1" = pass ] && cat\nexit 0\n`)
  chmodSync(evil, 0o755)
  const plain = (args: readonly string[], cwd = repo): string =>
    execFileSync("git", args, {
      cwd,
      env: { PATH: process.env.PATH, HOME: outer.path, GIT_TERMINAL_PROMPT: "0" },
      stdio: ["ignore", "pipe", "ignore"],
      timeout: 20_000,
      encoding: "utf8",
    })
  mkdirSync(repo)
  const file = (name: string, text: string) => writeFileSync(join(repo, name), text)
  plain(["init", "-q", "-b", "main"])
  plain(["config", "user.name", "A"])
  plain(["config", "user.email", "a@example.com"])
  file("a.txt", "one\n")
  plain(["add", "."])
  plain(["commit", "-qm", "first"])
  const at = {
    outer: outer.path,
    repo,
    evil,
    plain,
    file,
    config: (...pairs: readonly (readonly [string, string])[]) => {
      for (const [key, value] of pairs) plain(["config", key, value])
    },
    attributes: (line: string) => writeFileSync(join(repo, ".gitattributes"), `${line}\n`),
    hook: (directory: string, name: string) => {
      mkdirSync(directory, { recursive: true })
      writeFileSync(join(directory, name), `#!/bin/sh\necho fired >> ${mark}\n`, { mode: 0o755 })
    },
    program: (name: string) => {
      const path = join(repo, name)
      writeFileSync(path, readFileSync(evil), { mode: 0o755 })
      return path
    },
    fired: () => existsSync(mark),
    reset: () => rmSync(mark, { force: true }),
    [Symbol.asyncDispose]: () => outer[Symbol.asyncDispose](),
  }
  return at
}
type Field = Awaited<ReturnType<typeof field>>

/** What is planted, and the commands of which at least one runs it in plain git. */
const VECTORS: readonly (readonly [
  name: string,
  plant: (at: Field) => void,
  commands: readonly Words[],
  inside?: string,
])[] = [
  ["a file system monitor", ({ config, evil }) => config(["core.fsmonitor", evil]), [["status"], ["diff"]]],
  [
    "a hook at a commit",
    ({ hook, repo, file }) => {
      hook(join(repo, ".git/hooks"), "pre-commit")
      file("a.txt", "two\n")
    },
    [["commit", "-qam", "x"]],
  ],
  [
    "a hook at a change of the index",
    ({ hook, repo, file }) => {
      hook(join(repo, ".git/hooks"), "post-index-change")
      file("b.txt", "b\n")
    },
    [["add", "."]],
  ],
  [
    "a folder of hooks in the tree",
    ({ hook, repo, config }) => {
      hook(join(repo, "hooks"), "post-checkout")
      config(["core.hooksPath", "hooks"])
    },
    [["checkout", "-q", "-b", "other"]],
  ],
  [
    "a hook at a new work tree",
    ({ hook, repo }) => hook(join(repo, ".git/hooks"), "post-checkout"),
    [["worktree", "add", "-q", "../tree"]],
  ],
  [
    "a clean filter",
    ({ config, evil, attributes, file }) => {
      config(["filter.x.clean", `${evil} pass`])
      attributes("* filter=x")
      file("a.txt", "two\n")
    },
    [["status"], ["diff"], ["add", "."], ["stash"]],
  ],
  [
    "a clean filter that is required",
    ({ config, evil, attributes, file }) => {
      config(["filter.x.clean", `${evil} pass`], ["filter.x.required", "true"])
      attributes("* filter=x")
      file("a.txt", "two\n")
    },
    [["add", "."]],
  ],
  [
    "a smudge filter",
    ({ config, evil, attributes, repo }) => {
      config(["filter.x.smudge", `${evil} pass`])
      attributes("* filter=x")
      rmSync(join(repo, "a.txt"))
    },
    [["checkout", "HEAD", "--", "a.txt"]],
  ],
  [
    "a filter process",
    ({ config, evil, attributes, file }) => {
      config(["filter.x.process", evil])
      attributes("* filter=x")
      file("a.txt", "two\n")
    },
    [["add", "."]],
  ],
  [
    "a filter with = in its name",
    ({ config, evil, attributes, file }) => {
      config(["filter.x=y.clean", `${evil} pass`])
      attributes("* filter=x=y")
      file("a.txt", "two\n")
    },
    [["add", "."]],
  ],
  [
    "a filter with dots, spaces and capitals in its name",
    ({ repo, evil, attributes, file }) => {
      writeFileSync(join(repo, ".git/config"), `[FILTER "X.y-Ü"]\n\tClean = ${evil} pass\n`, { flag: "a" })
      attributes("* filter=X.y-Ü")
      file("a.txt", "two\n")
    },
    [["add", "."]],
  ],
  [
    "a filter in an included file",
    ({ config, repo, evil, attributes, file }) => {
      writeFileSync(join(repo, "more.conf"), `[filter "x"]\n\tclean = ${evil} pass\n`)
      config(["include.path", "../more.conf"])
      attributes("* filter=x")
      file("a.txt", "two\n")
    },
    [["add", "."]],
  ],
  [
    "a filter in the configuration of a work tree",
    ({ config, repo, evil, attributes, file }) => {
      config(["extensions.worktreeConfig", "true"])
      writeFileSync(join(repo, ".git/config.worktree"), `[filter "x"]\n\tclean = ${evil} pass\n`)
      attributes("* filter=x")
      file("a.txt", "two\n")
    },
    [["add", "."]],
  ],
  [
    "a filter in a submodule",
    ({ plain, outer, repo, evil }) => {
      plain(["init", "-q", "sub"])
      const sub = join(repo, "sub")
      const inSub = (...args: readonly string[]) => plain(["-C", sub, ...args])
      writeFileSync(join(sub, "s.txt"), "one\n")
      inSub("add", ".")
      inSub("-c", "user.name=A", "-c", "user.email=a@example.com", "commit", "-qm", "sub")
      writeFileSync(join(repo, ".gitmodules"), `[submodule "sub"]\n\tpath = sub\n\turl = ${outer}\n`)
      plain(["add", "."])
      plain(["commit", "-qm", "with sub"])
      inSub("config", "filter.x.clean", `${evil} pass`)
      writeFileSync(join(sub, ".gitattributes"), "* filter=x\n")
      writeFileSync(join(sub, "s.txt"), "two\n")
    },
    [["status"], ["diff"]],
  ],
  [
    "an external diff",
    ({ config, evil, file }) => {
      config(["diff.external", evil])
      file("a.txt", "two\n")
    },
    [["diff"]],
  ],
  [
    "a diff driver",
    ({ config, evil, attributes, file }) => {
      config(["diff.x.command", evil])
      attributes("* diff=x")
      file("a.txt", "two\n")
    },
    [["diff"]],
  ],
  [
    "a program that makes text of files",
    ({ config, evil, attributes }) => {
      config(["diff.x.textconv", evil])
      attributes("* diff=x")
    },
    [["log", "-p"], ["show"]],
  ],
  [
    "a merge driver",
    ({ config, evil, attributes, plain, file }) => {
      config(["merge.x.driver", evil])
      attributes("*.txt merge=x")
      plain(["add", "."])
      plain(["commit", "-qm", "attributes"])
      file("a.txt", "two\n")
      plain(["stash"])
      file("a.txt", "three\n")
      plain(["commit", "-qam", "three"])
    },
    [["stash", "apply"]],
  ],
  [
    "a program that signs",
    ({ config, evil, file }) => {
      config(["gpg.program", evil], ["commit.gpgSign", "true"])
      file("a.txt", "two\n")
    },
    [["commit", "-qam", "x"]],
  ],
  [
    "a program that checks signatures",
    ({ config, evil, plain, outer }) => {
      const tree = plain(["rev-parse", "HEAD^{tree}"]).trim()
      const who = "A <a@example.com> 1700000000 +0000"
      const signature = "-----BEGIN PGP SIGNATURE-----\n \n x\n -----END PGP SIGNATURE-----"
      const commit = join(outer, "commit")
      writeFileSync(commit, `tree ${tree}\nauthor ${who}\ncommitter ${who}\ngpgsig ${signature}\n\nsigned\n`)
      plain(["update-ref", "HEAD", plain(["hash-object", "-t", "commit", "-w", commit]).trim()])
      config(["gpg.program", evil], ["log.showSignature", "true"])
    },
    [["log"], ["show"]],
  ],
  [
    "an editor",
    ({ config, evil, file }) => {
      config(["core.editor", evil])
      file("a.txt", "two\n")
    },
    [["commit", "-a"]],
  ],
  [
    "a way to a server",
    ({ config, evil }) => config(["core.sshCommand", evil], ["remote.origin.url", "ssh://localhost/x"]),
    [["fetch", "origin"]],
  ],
  [
    "a proxy to a server",
    ({ config, evil }) => config(["core.gitProxy", evil], ["remote.origin.url", "git://localhost/x"]),
    [["fetch", "origin"]],
  ],
  [
    "a program at the other end",
    ({ config, evil, repo }) => config(["remote.origin.url", repo], ["remote.origin.uploadpack", evil]),
    [["fetch", "origin"]],
  ],
  [
    "an address that is a command",
    ({ config, evil }) => config(["protocol.ext.allow", "always"], ["remote.origin.url", `ext::${evil}`]),
    [["fetch", "origin"]],
  ],
  [
    "an object that has to be fetched",
    ({ config, evil, repo, plain }) => {
      const blob = plain(["rev-parse", "HEAD:a.txt"]).trim()
      rmSync(join(repo, ".git/objects", blob.slice(0, 2), blob.slice(2)), { force: true })
      config(
        ["core.repositoryFormatVersion", "1"],
        ["extensions.partialClone", "origin"],
        ["remote.origin.promisor", "true"],
        ["remote.origin.url", repo],
        ["remote.origin.uploadpack", evil],
      )
    },
    [["show", "HEAD:a.txt"]],
  ],
  [
    "a bare repository in the tree",
    ({ plain, repo, evil }) => {
      plain(["init", "-q", "--bare", "data"])
      const config = `[core]\n\trepositoryFormatVersion = 0\n\tbare = false\n\tworktree = ..\n\tfsmonitor = ${evil}\n`
      writeFileSync(join(repo, "data/config"), config)
    },
    [["status"]],
    "data",
  ],
]

const plainly = (at: Field, words: Words, inside: string) => {
  try {
    at.plain(words, join(at.repo, inside))
  } catch {
    return // Many of these traps make git fail, too: what counts is whether they were run.
  }
}

const safely = async (
  at: Field,
  [subcommand, ...options]: Words,
  inside: string,
): Promise<GitError | null> => {
  try {
    await git({ directory: join(at.repo, inside), subcommand, options }, { timeoutMs: 20_000 })
    return null
  } catch (error) {
    if (!(error instanceof GitError)) throw error
    return error
  }
}

const vectors = VECTORS.map(([name, plant, commands, inside = ""]) => ({ name, plant, commands, inside }))

test.each(vectors)("$name runs in plain git and not in ours", async ({ plant, commands, inside }) => {
  for (const words of commands) {
    await using control = await field()
    plant(control)
    control.reset()
    plainly(control, words, inside)
    expect(control.fired(), `plain git ${words.join(" ")}`).toBe(true)

    await using at = await field()
    plant(at)
    at.reset()
    await safely(at, words, inside)
    expect(at.fired(), `our git ${words.join(" ")}`).toBe(false)
    await repositoryOf(join(at.repo, inside))
    await changesIn(join(at.repo, inside))
    await filesInRepository(join(at.repo, inside))
    expect(at.fired(), "what is shown of it").toBe(false)
  }
})

test.each(vectors)(
  "$name does not run when files are kept, compared and put back",
  async ({ plant, inside }) => {
    await using at = await field()
    plant(at)
    at.reset()
    const home = join(at.outer, "home")
    const path = join(at.repo, inside)
    const kept = keptSession({ home, path })
    await kept.turn(() => undefined)
    await kept.turn(() => {
      writeFileSync(join(path, "a.txt"), "by the agent\n")
      writeFileSync(join(path, "new.txt"), "new\n")
    })
    expect(kept.session.checkpoints.map(({ when }) => when)).toEqual(["before_turn", "after_turn"])
    const place = await knownPlace(home, kept.sessionId)
    const [first, second] = kept.session.checkpoints
    if (!place || !first || !second) throw new Error("There are no checkpoints.")
    {
      await using now = await snapshot(place, { passing: true })
      const looking = { root: place.root, own: now.own }
      expect(await changesBetween(looking, first.tree, now.tree)).not.toEqual([])
      expect((await patchBetween(looking, first.tree, second.tree)).patch).toContain("by the agent")
    }
    expect(await kept.restore(1)).toBeNull()
    expect(existsSync(join(path, "new.txt"))).toBe(false)
    expect(at.fired()).toBe(false)
  },
)

test("in a tame repository all of these commands do their work", async () => {
  await using at = await field()
  at.config(["filter.x.clean", `${at.evil} pass`], ["filter.x.required", "true"])
  at.attributes("*.txt filter=x")
  at.file("a.txt", "two\n")
  at.file("-b.txt", "new\n")
  expect(await changesIn(at.repo)).toBe(3)
  for (const words of [
    ["add", "-A"],
    ["commit", "-qm", "second"],
    ["checkout", "-q", "-b", "side"],
    ["worktree", "add", "-q", "../tree"],
    ["log", "-p"],
    ["show"],
    ["diff", "HEAD~1"],
  ] satisfies readonly Words[])
    expect(await safely(at, words as Words, ""), words.join(" ")).toBeNull()
  at.file("a.txt", "three\n")
  expect(await safely(at, ["stash"], "")).toBeNull()
  expect(await safely(at, ["stash", "apply"], "")).toBeNull()
  expect(await git({ directory: at.repo, subcommand: "diff", paths: ["a.txt"] })).toContain("+three")
  expect(at.fired()).toBe(false)
})

test("a repository tells its branch and commit, before the first commit and without a branch, too", async () => {
  await using at = await field()
  const head = at.plain(["rev-parse", "HEAD"]).trim()
  expect(await repositoryOf(at.repo)).toEqual({ root: at.repo, branch: "main", head })
  mkdirSync(join(at.repo, "deep/er"), { recursive: true })
  expect(await repositoryOf(join(at.repo, "deep/er"))).toEqual({ root: at.repo, branch: "main", head })
  at.plain(["checkout", "-q", "--detach"])
  expect(await repositoryOf(at.repo)).toEqual({ root: at.repo, branch: null, head })
  at.plain(["init", "-q", "-b", "fresh", "young"])
  expect(await repositoryOf(join(at.repo, "young"))).toEqual({
    root: join(at.repo, "young"),
    branch: "fresh",
    head: null,
  })
  expect(await repositoryOf(at.outer)).toBeNull()
  expect(await repositoryOf(join(at.repo, "missing"))).toBeNull()
})

test("a work tree elsewhere is not the repository of the directory", async () => {
  await using at = await field()
  at.config(["core.worktree", "/etc"])
  expect(await repositoryOf(at.repo)).toBeNull()
})

test("a link that leads out of the tree is counted and not followed", async () => {
  await using at = await field()
  mkdirSync(join(at.outer, "outside"))
  writeFileSync(join(at.outer, "outside/secret"), "secret")
  symlinkSync(join(at.outer, "outside"), join(at.repo, "out"))
  expect(await changesIn(at.repo)).toBe(1)
  expect(await safely(at, ["add", "-A"], "")).toBeNull()
  expect(await git({ directory: at.repo, subcommand: "diff", options: ["--cached"] })).not.toContain(
    "secret\n+",
  )
})

test("a repository that makes git wait or talk without end is given up on, and nothing is left running", async () => {
  await using at = await field()
  execFileSync("mkfifo", [join(at.repo, "endless")])
  at.config(["core.excludesFile", join(at.repo, "endless")])
  const waits = git({ directory: at.repo, subcommand: "status" }, { timeoutMs: 300 })
  await expect(waits).rejects.toMatchObject({ ending: { how: "timed out" } })
  expect(await changesIn(at.repo)).toBeNull()
  const talks = git({ directory: at.repo, subcommand: "log", options: ["-p"] }, { maxBytes: 10 })
  await expect(talks).rejects.toMatchObject({ ending: { how: "said too much" } })
  const running = readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => commandLine(pid))
    .filter((line) => line.includes(at.repo))
  expect(running).toEqual([])
})

function commandLine(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8")
  } catch {
    return "" // It has ended.
  }
}

test("git that is missing is no repository", async () => {
  await using at = await field()
  const { PATH } = process.env
  process.env.PATH = at.outer
  try {
    expect(await repositoryOf(at.repo)).toBeNull()
    expect(await changesIn(at.repo)).toBeNull()
  } finally {
    process.env.PATH = PATH
  }
})

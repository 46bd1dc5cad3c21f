/** A directory of its own, mostly a git repository, and a home of agentz beside it. Plain git works in it as a user's would. */
import { execFileSync } from "node:child_process"
import { createHash } from "node:crypto"
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  writeFileSync,
} from "node:fs"
import { dirname, join } from "node:path"
import { tempDir } from "./temp-dir.ts"

export interface TestRepository extends AsyncDisposable {
  /** What is around it. */
  readonly outer: string
  readonly path: string
  readonly home: string
  /** Runs plain git, as the user would, and gives what it printed. */
  git(args: readonly string[], cwd?: string): string
  write(name: string, content: string | Buffer, mode?: number): void
  read(name: string): string
  /** All but `.git`: names, modes, and what is in the files. */
  files(): Readonly<Record<string, string>>
  /** What is checked out, staged, stashed and named, but for checkpoints. */
  own(): Readonly<Record<string, string>>
}

export async function repository({ plain = false } = {}): Promise<TestRepository> {
  const dir = await tempDir()
  const path = join(dir.path, "project")
  const home = join(dir.path, "home")
  for (const one of [path, home]) mkdirSync(one)
  const git = (args: readonly string[], cwd = path) =>
    execFileSync("git", args, {
      cwd,
      env: { PATH: process.env.PATH, HOME: dir.path, GIT_TERMINAL_PROMPT: "0" },
      stdio: ["ignore", "pipe", "ignore"],
      timeout: 30_000,
      encoding: "utf8",
    })
  const write = (name: string, content: string | Buffer, mode?: number) => {
    mkdirSync(dirname(join(path, name)), { recursive: true })
    writeFileSync(join(path, name), content)
    if (mode !== undefined) chmodSync(join(path, name), mode)
  }
  if (!plain) {
    git(["init", "-q", "-b", "main"])
    git(["config", "user.name", "A"])
    git(["config", "user.email", "a@example.com"])
    write("a.txt", "one\n")
    git(["add", "."])
    git(["commit", "-qm", "first"])
  }
  return {
    ...{ outer: dir.path, path, home, git, write },
    read: (name) => readFileSync(join(path, name), "utf8"),
    files: () => filesIn(path),
    own: () => ({
      head: readFileSync(join(path, ".git/HEAD"), "utf8"),
      index: hashOf(join(path, ".git/index")),
      config: hashOf(join(path, ".git/config")),
      refs: git(["for-each-ref"]).replace(/^.*refs\/agentz\/.*\n/gm, ""),
      stash: git(["stash", "list"]),
    }),
    [Symbol.asyncDispose]: () => dir[Symbol.asyncDispose](),
  }
}

const hashOf = (path: string): string => createHash("sha256").update(readFileSync(path)).digest("hex")

/** Names are given as bytes, one character each: they need not be text. */
export function filesIn(root: string): Readonly<Record<string, string>> {
  const found: Record<string, string> = {}
  const walk = (below: string) => {
    const dir = Buffer.from(join(root, below), "latin1")
    for (const entry of readdirSync(dir, { encoding: "latin1" })) {
      if (entry === ".git") continue
      const name = below === "" ? entry : `${below}/${entry}`
      const file = Buffer.from(join(root, name), "latin1")
      const stat = lstatSync(file)
      if (stat.isDirectory()) walk(name)
      else if (stat.isSymbolicLink()) found[name] = `-> ${readlinkSync(file, "latin1")}`
      else found[name] = `${stat.mode & 0o100 ? "x" : "-"} ${readFileSync(file).toString("latin1")}`
    }
  }
  walk("")
  return found
}

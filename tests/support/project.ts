/** The directory in which sessions of a browser test work, as a git repository. */
import { execFileSync } from "node:child_process"
import { existsSync, mkdirSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"

export const gitIn = (cwd: string, ...args: readonly string[]): string =>
  execFileSync("git", args, { cwd, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] })

/** With one commit of these files, and of what is there already. Does nothing where it is a repository. */
export function beginRepository(project: string, files: Readonly<Record<string, string>> = {}): void {
  if (existsSync(join(project, ".git"))) return
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(project, name)), { recursive: true })
    writeFileSync(join(project, name), content)
  }
  gitIn(project, "init", "-q", "-b", "main")
  gitIn(project, "config", "user.name", "Ada")
  gitIn(project, "config", "user.email", "ada@example.com")
  gitIn(project, "add", ".")
  gitIn(project, "commit", "-qm", "first")
}

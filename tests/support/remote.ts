/** A bare repository beside a test's own, which has it for its `origin`. */
import { join } from "node:path"
import type { TestRepository } from "./repository.ts"

export interface TestRemote {
  readonly path: string
  /** What it has: commits by the names of their refs. */
  refs(): Readonly<Record<string, string>>
}

export function remoteOf(at: TestRepository, name = "origin"): TestRemote {
  const path = join(at.outer, `${name}.git`)
  at.git(["init", "-q", "--bare", "-b", "main", path])
  at.git(["remote", "add", name, path])
  at.git(["push", "-q", name, "main"])
  return {
    path,
    refs: () =>
      Object.fromEntries(
        at
          .git(["for-each-ref", "--format=%(refname) %(objectname)"], path)
          .split("\n")
          .filter(Boolean)
          .map((line) => line.split(" ") as [string, string]),
      ),
  }
}

/** A git on the PATH that is killed in one of its calls, alone or with whoever called it. */
import { spawn } from "node:child_process"
import { chmodSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import type { TestRepository } from "./repository.ts"

export interface Kill {
  /** The number of the call. */
  readonly at: number
  /** Seconds. */
  readonly after: number
  readonly both: boolean
}

const WRAPPER = (real: string) => `#!/bin/sh
count=$(($(cat "$COUNT") + 1))
echo $count > "$COUNT"
[ "$count" = "$KILL_AT" ] || exec ${real} "$@"
exec 3<&0
${real} "$@" <&3 &
pid=$!
sleep "$KILL_AFTER"
[ -z "$KILL_BOTH" ] || kill -9 $PPID
kill -9 $pid 2>/dev/null
kill -9 $$
`

/** Runs a program with that git to its end, however it ends. Gives how many times git was called, and its exit code. */
export function killedGit(at: TestRepository) {
  const bin = join(at.outer, "bin")
  const count = join(at.outer, "count")
  mkdirSync(bin)
  const real = at.git(["--exec-path"]).trim()
  writeFileSync(join(bin, "git"), WRAPPER(join(real, "git")))
  chmodSync(join(bin, "git"), 0o755)
  return async (
    args: readonly string[],
    kill: Kill | null = null,
  ): Promise<{ readonly calls: number; readonly code: number | null; readonly said: string }> => {
    writeFileSync(count, "0")
    const env = {
      PATH: `${bin}:${process.env.PATH}`,
      HOME: at.outer,
      COUNT: count,
      KILL_AT: String(kill?.at ?? 0),
      KILL_AFTER: String(kill?.after ?? 0),
      KILL_BOTH: kill?.both ? "1" : "",
    }
    const child = spawn(process.execPath, args, { env, stdio: ["ignore", "ignore", "pipe"] })
    let said = ""
    child.stderr.on("data", (text) => {
      said += text
    })
    const code = await new Promise<number | null>((done) => child.once("close", done))
    return { calls: Number(readFileSync(count, "utf8")), code, said }
  }
}

/** Locks in the user's repository, and what our own operations left in ours. */
export const locksIn = ({ path, home }: TestRepository): string[] =>
  [join(path, ".git"), join(home, "sessions")].flatMap((dir) =>
    readdirSync(dir, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".lock")),
  )

/**
 * A program that does all that keeps its processes from being found: it leaves its group, forks twice, clears its
 * environment, ignores what asks it to end, and forks for ever. They are counted by a word in their command lines,
 * which no code of ours looks at.
 */
import { readdirSync, readFileSync } from "node:fs"

export interface Hostile {
  readonly script: string
  /** Its living processes, however far they got. */
  alive(): readonly number[]
  /** Ends those that were missed, so that nothing is left on the machine. */
  clear(): void
}

export function hostileTree({ forks = true } = {}): Hostile {
  const word = `hostile-${crypto.randomUUID()}`
  const sleeper = `trap "" TERM INT HUP; while :; do sleep 1; done`
  const forker = `trap "" TERM INT HUP; while :; do sh -c ":" ${word}; done`
  const shell = (code: string) => `sh -c '${code}' ${word}`
  const script = [
    `trap "" TERM INT HUP`,
    `${shell(sleeper)} &`,
    `setsid ${shell(sleeper)} &`,
    `(setsid ${shell(sleeper)} &)`,
    `env -i setsid ${shell(sleeper)} &`,
    `(env -i setsid ${shell(sleeper)} &)`,
    ...(forks ? [`(env -i PATH=/usr/bin:/bin setsid ${shell(forker)} &)`] : []),
    "echo up",
    "wait",
  ].join("\n")
  const alive = () =>
    readdirSync("/proc").flatMap((name) => {
      if (!/^\d+$/.test(name)) return []
      // A zombie has no command line.
      return read(`/proc/${name}/cmdline`).includes(`\0${word}`) ? [Number(name)] : []
    })
  return {
    script,
    alive,
    clear() {
      for (let left = alive(); left.length > 0; left = alive())
        for (const pid of left) {
          try {
            // It is its command line that says it is one of ours.
            if (read(`/proc/${pid}/cmdline`).includes(`\0${word}`)) process.kill(pid, "SIGKILL")
          } catch {
            // Gone already.
          }
        }
    },
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, "latin1")
  } catch {
    return ""
  }
}

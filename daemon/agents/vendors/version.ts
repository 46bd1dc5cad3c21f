/** What a program says of its version. Asking starts it, so an answer is kept for as long as its file is the same. */
import { execFile } from "node:child_process"
import { readFileSync, renameSync, statSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { z } from "zod"

const LIMIT_MS = 5_000

const Known = z.record(z.string(), z.object({ mtimeMs: z.number(), size: z.number(), version: z.string() }))
type Known = z.infer<typeof Known>

/** The version, or one sentence on why there is none. */
export type Version = { readonly version: string } | { readonly fault: string }

export async function versionOf(
  program: { readonly file: string; readonly command: string; readonly args: readonly string[] },
  { home, path, userHome }: { readonly home: string; readonly path: string; readonly userHome: string },
): Promise<Version> {
  const { mtimeMs, size } = statSync(program.file)
  const kept = read(home)[program.file]
  if (kept?.mtimeMs === mtimeMs && kept.size === size) return { version: kept.version }
  const asked = await ask(program, { PATH: path, HOME: userHome, TERM: "dumb" })
  // Read again: others may have learned of other programs meanwhile.
  if ("version" in asked)
    write(home, { ...read(home), [program.file]: { mtimeMs, size, version: asked.version } })
  return asked
}

function ask(
  {
    command,
    args,
    file,
  }: { readonly command: string; readonly args: readonly string[]; readonly file: string },
  env: Record<string, string>,
): Promise<Version> {
  return new Promise((resolve) => {
    const options = { cwd: "/", env, timeout: LIMIT_MS, killSignal: "SIGKILL", maxBuffer: 64 * 1024 } as const
    execFile(command, [...args, "--version"], options, (error, stdout, stderr) => {
      const version = /\d+\.\d+\.\d+[\w.+-]*/.exec(stdout)?.[0]
      if (version !== undefined && !error) return resolve({ version })
      const [line = ""] = `${stderr}`.trim().split("\n")
      const why = error?.killed
        ? `does not answer within ${LIMIT_MS / 1000} seconds`
        : error
          ? `cannot be run${line === "" ? "" : ` (${line.slice(0, 200)})`}`
          : "does not tell its version"
      resolve({ fault: `${file} ${why}: \`${file} --version\` shows more.` })
    })
  })
}

const fileIn = (home: string) => join(home, "run", "versions.json")

function read(home: string): Known {
  try {
    return Known.parse(JSON.parse(readFileSync(fileIn(home), "utf8")))
  } catch {
    return {}
  }
}

/** Only a saving of time: where it cannot be written the next look asks again. */
function write(home: string, known: Known): void {
  const file = fileIn(home)
  const next = `${file}.${process.pid}`
  try {
    writeFileSync(next, JSON.stringify(known), { mode: 0o600 })
    renameSync(next, file)
  } catch {
    return
  }
}

/** Whether a version is at least another; what follows the three numbers does not count. */
export function isAtLeast(version: string, floor: string): boolean {
  const [a, b] = [version, floor].map((text) => text.split(/[.+-]/).slice(0, 3).map(Number)) as [
    number[],
    number[],
  ]
  for (let index = 0; index < 3; index++) {
    const difference = (a[index] ?? 0) - (b[index] ?? 0)
    if (difference !== 0) return difference > 0
  }
  return true
}

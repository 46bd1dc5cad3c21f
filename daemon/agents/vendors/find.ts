/** Where an agent's programs are: by variable, where `agentz agents add` puts them, beside agentz, or on the PATH. */
import { accessSync, constants, readFileSync, realpathSync, statSync } from "node:fs"
import { createRequire } from "node:module"
import { dirname, isAbsolute, join } from "node:path"
import { adaptersDir } from "../../home.ts"

export interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>
  /** `AGENTZ_HOME`. */
  readonly home: string
  readonly path: string
  readonly userHome: string
}

export interface Program {
  readonly command: string
  readonly args: readonly string[]
  /** The file that was found, whatever runs it. */
  readonly file: string
}

/**
 * Looks at absolute directories only: an agent is started in a working directory, and what lies there must never
 * decide what is started.
 */
export function onPath(name: string, path: string): string | null {
  if (name.includes("/")) return isAbsolute(name) && isProgram(name) ? name : null
  return (
    path
      .split(":")
      .filter(isAbsolute)
      .map((dir) => join(dir, name))
      .find(isProgram) ?? null
  )
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return statSync(file).isFile()
  } catch {
    return false
  }
}

export interface Adapter {
  readonly package: string
  /** The one that is tested; what `agentz agents add` installs. */
  readonly version: string
  readonly bin: string
  /** Names another file or program. */
  readonly variable: string
}

/** Where `agentz agents add` installs the adapter of an agent type. */
export const adapterDir = (home: string, type: string): string => join(adaptersDir(home), type)

export function findAdapter(
  adapter: Adapter,
  type: string,
  { env, home, path }: Surroundings,
): Program | null {
  const named = env[adapter.variable]?.trim()
  if (named) return isAbsolute(named) ? runnable(named) : null
  const entry = entryIn(adapterDir(home, type), adapter) ?? entryIn(import.meta.dirname, adapter)
  if (entry !== null) return runnable(entry)
  const bin = onPath(adapter.bin, path)
  return bin === null ? null : { command: bin, args: [], file: bin }
}

/** The adapter's program as Node would find the package from that directory. */
function entryIn(dir: string, { package: name, bin }: Adapter): string | null {
  for (const modules of createRequire(join(dir, "any.js")).resolve.paths(name) ?? []) {
    const root = join(modules, name)
    const manifest = manifestIn(root)
    const file = typeof manifest?.bin === "string" ? manifest.bin : manifest?.bin?.[bin]
    if (file !== undefined) return join(root, file)
  }
  return null
}

function runnable(file: string): Program | null {
  if (/\.[cm]?js$/.test(file))
    return statSync(file, { throwIfNoEntry: false })?.isFile()
      ? { command: process.execPath, args: [file], file }
      : null
  return isProgram(file) ? { command: file, args: [], file } : null
}

interface Manifest {
  readonly name?: string
  readonly version?: string
  readonly bin?: string | Readonly<Record<string, string>>
}

function manifestIn(dir: string): Manifest | null {
  try {
    return JSON.parse(readFileSync(join(dir, "package.json"), "utf8"))
  } catch {
    return null
  }
}

/** The version of the package that a file belongs to. */
export function packageVersion(file: string, name: string): string | null {
  try {
    for (let dir = dirname(realpathSync(file)); dir !== dirname(dir); dir = dirname(dir)) {
      const manifest = manifestIn(dir)
      if (manifest?.name === name) return manifest.version ?? null
    }
  } catch {
    return null
  }
  return null
}

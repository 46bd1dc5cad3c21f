/**
 * What an agent reads of the project before it does anything: a repository can change by it what a tool means. An
 * answer is good for the configuration under which the question was asked.
 */
import { createHash } from "node:crypto"
import { lstat, readdir, readFile } from "node:fs/promises"
import { dirname, join, relative } from "node:path"

const FILES = [
  ".mcp.json",
  "opencode.json",
  "opencode.jsonc",
  ".claude/settings.json",
  ".claude/settings.local.json",
]
const FOLDERS = [".claude/hooks", ".claude/agents", ".claude/commands", ".codex", ".opencode", ".gemini"]

/** More than this is not read but named: a folder full of something else must not hold a question up. */
const MOST_FILES = 500
const MOST_BYTES = 1024 * 1024

/** SHA-256 over all of it, from the working directory up to the repository's root. Never throws. */
export async function agentConfigHash(workingDir: string): Promise<string> {
  const hash = createHash("sha256")
  const budget = { files: MOST_FILES }
  for (const dir of await directoriesUp(workingDir)) {
    for (const name of FILES) await add(join(dir, name), workingDir, hash, budget)
    for (const name of FOLDERS) await add(join(dir, name), workingDir, hash, budget)
  }
  return hash.digest("hex")
}

/** The directory and those above it up to the one that holds `.git`; only itself where there is none. */
async function directoriesUp(workingDir: string): Promise<readonly string[]> {
  const all: string[] = []
  for (let dir = workingDir; ; dir = dirname(dir)) {
    all.push(dir)
    if (await lstat(join(dir, ".git")).catch(() => null)) return all
    if (dirname(dir) === dir) return [workingDir]
  }
}

async function add(
  path: string,
  from: string,
  hash: ReturnType<typeof createHash>,
  budget: { files: number },
): Promise<void> {
  const found = await lstat(path).catch(() => null)
  if (found === null || budget.files <= 0) return
  if (found.isDirectory()) {
    const names = await readdir(path).catch(() => [])
    for (const name of names.sort()) await add(join(path, name), from, hash, budget)
    return
  }
  budget.files -= 1
  hash.update(`${relative(from, path)}\0`)
  // A link counts by what is behind it; what cannot be read, by its size and time.
  const readable = found.isSymbolicLink() || (found.isFile() && found.size <= MOST_BYTES)
  const bytes = readable ? await readFile(path).catch(() => null) : null
  if (bytes === null) hash.update(`${found.size} ${found.mtimeMs}\0`)
  else hash.update(createHash("sha256").update(bytes).digest())
}

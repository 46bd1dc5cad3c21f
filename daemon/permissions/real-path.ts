/** Where a path leads, when that can be said for certain. */
import { lstat, realpath } from "node:fs/promises"
import { basename, dirname, join, resolve } from "node:path"

/**
 * The real path of what is there, with the missing rest behind it. `null` where it is not certain: through a link
 * that leads nowhere, through what cannot be read, or where `..` behind a link could be taken in two ways.
 */
export async function certainPath(path: string, workingDir: string): Promise<string | null> {
  if (path === "" || path.includes("\0")) return null
  const real = await realOf(resolve(workingDir, path))
  if (real === null || !/(^|\/)\.\.(\/|$)/.test(path)) return real
  return (await walked(path, workingDir)) === real ? real : null
}

async function realOf(path: string): Promise<string | null> {
  try {
    return await realpath(path)
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ENOENT")) return null
    if (await lstat(path).catch(() => null)) return null
    const parent = dirname(path)
    const real = parent === path ? path : await realOf(parent)
    return real === null ? null : join(real, basename(path))
  }
}

/** As the system takes it: each `..` from where the links before it have led. */
async function walked(path: string, workingDir: string): Promise<string | null> {
  let at = path.startsWith("/") ? "/" : await realOf(workingDir)
  for (const part of path.split("/")) {
    if (at === null) return null
    if (part === "" || part === ".") continue
    at = part === ".." ? dirname(at) : await realOf(join(at, part))
  }
  return at
}

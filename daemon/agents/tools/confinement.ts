/**
 * Keeps file tools inside the working directory, and out of agentz's own home where that lies in it: who reads its
 * token could answer its own questions. A path is judged by where it really leads, symbolic links resolved, and what was opened is judged again: a link may be put in place between the look and the opening.
 */
import { constants } from "node:fs"
import { type FileHandle, lstat, mkdir, open, realpath } from "node:fs/promises"
import { basename, dirname, join, relative, resolve, sep } from "node:path"
import { ToolError } from "./tool.ts"

export interface Confinement {
  /** The working directory with its links resolved. */
  readonly root: string
  /** Directories below `root` that are nobody's business here, by their real paths. */
  readonly closed: readonly string[]
  /** Where a path really is or would be made. Throws {@link ToolError} when that is outside. */
  locate(path: string): Promise<string>
  /** As a person would write it: relative to the working directory. */
  show(realPath: string): string
  /** The text of a regular file; `null` when there is none. */
  readText(realPath: string): Promise<string | null>
  /** Makes missing folders, then replaces or makes the file. */
  writeText(realPath: string, text: string): Promise<void>
}

const MAX_BYTES = 10 * 1024 * 1024
const { O_RDONLY, O_WRONLY, O_CREAT, O_NOFOLLOW, O_NONBLOCK } = constants

export async function confinementOf(
  workingDir: string,
  offLimits: readonly string[] = [],
): Promise<Confinement> {
  const root = await realpath(workingDir)
  const isUnder = (path: string, top: string) =>
    path === top || path.startsWith(top === sep ? sep : top + sep)
  const shut = await Promise.all(offLimits.map((path) => realpath(path).catch(() => path)))
  const closed = shut.filter((path) => isUnder(path, root) || isUnder(root, path))
  const isInside = (path: string) => isUnder(path, root) && !closed.some((top) => isUnder(path, top))
  const show = (path: string) => relative(root, path) || "."

  const locate = async (path: string): Promise<string> => {
    if (path.includes("\0")) throw new ToolError("A path cannot hold a NUL character.")
    const real = await realOf(resolve(workingDir, path))
    if (isInside(real)) return real
    const whose = isUnder(real, root) ? "belongs to agentz itself" : "is outside the working directory"
    throw new ToolError(`${path} ${whose}.`)
  }

  /** Opens without following a link at the end, and closes again what turns out to lie outside. */
  const openInside = async (path: string, flags: number): Promise<FileHandle> => {
    // Non-blocking: opening a named pipe would wait for its other end.
    const file = await open(path, flags | O_NOFOLLOW | O_NONBLOCK, 0o666)
    try {
      if (!(await file.stat()).isFile()) throw new ToolError(`${show(path)} is not a regular file.`)
      if (process.platform === "linux" && !isInside(await realpath(`/proc/self/fd/${file.fd}`)))
        throw new ToolError(`${show(path)} is outside the working directory.`)
      return file
    } catch (error) {
      await file.close()
      throw error
    }
  }

  return {
    root,
    closed,
    locate,
    show,
    async readText(path) {
      try {
        await using file = await openInside(path, O_RDONLY)
        if ((await file.stat()).size > MAX_BYTES) throw new ToolError(`${show(path)} is larger than 10 MB.`)
        const bytes = await file.readFile()
        if (bytes.subarray(0, 8000).includes(0)) throw new ToolError(`${show(path)} is not a text file.`)
        return bytes.toString("utf8")
      } catch (error) {
        if (codeOf(error) === "ENOENT") return null
        throw asToolError(error, show(path))
      }
    },
    async writeText(path, text) {
      try {
        await mkdir(dirname(path), { recursive: true })
        await using file = await openInside(path, O_WRONLY | O_CREAT)
        await file.truncate(0)
        await file.writeFile(text)
      } catch (error) {
        throw asToolError(error, show(path))
      }
    },
  }
}

/** The real path of what exists of a path, with the rest behind it. */
async function realOf(path: string): Promise<string> {
  try {
    return await realpath(path)
  } catch (error) {
    if (codeOf(error) !== "ENOENT") throw asToolError(error, path)
    // There but leading nowhere: a link whose target is missing could be written through.
    if (await lstat(path).catch(() => null)) throw new ToolError(`${path} is a link that leads nowhere.`)
    const parent = dirname(path)
    return parent === path ? path : join(await realOf(parent), basename(path))
  }
}

const codeOf = (error: unknown): unknown =>
  error instanceof Error && "code" in error ? error.code : undefined

const REASONS: Record<string, string> = {
  EACCES: "may not be accessed",
  EPERM: "may not be changed",
  EISDIR: "is a directory",
  ENOTDIR: "leads through something that is not a directory",
  ELOOP: "is a symbolic link",
  ENAMETOOLONG: "has too long a name",
  ENOSPC: "could not be written: the disk is full",
  EROFS: "is on a read-only file system",
  ENXIO: "is not a regular file",
}

export function asToolError(error: unknown, shown: string): unknown {
  const reason = REASONS[String(codeOf(error))]
  return reason ? new ToolError(`${shown} ${reason}.`, { cause: error }) : error
}

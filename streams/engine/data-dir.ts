import { existsSync, lstatSync, mkdirSync } from "node:fs"
import { dirname, join, resolve } from "node:path"
import { DataDirRefusedError } from "./errors.ts"
import { syncPath } from "./sync-path.ts"

/** Files by which the reference server's own directories are known. */
const REFERENCE_FILES = ["metadata.lmdb", "streams"]

/** Makes the directory for this user alone, or refuses one that others could read or change. */
export function prepareDataDir(dir: string): void {
  if (mkdirSync(dir, { recursive: true, mode: 0o700 }) !== undefined) syncPath(dirname(resolve(dir)))
  const stat = lstatSync(dir)
  if (!stat.isDirectory()) {
    throw new DataDirRefusedError(`${dir} is not a directory. Choose a directory of your own.`)
  }
  const user = process.getuid?.()
  if (user !== undefined && stat.uid !== user) {
    throw new DataDirRefusedError(
      `${dir} belongs to another user. Choose a directory of your own, or chown it.`,
    )
  }
  if (process.platform !== "win32" && (stat.mode & 0o077) !== 0) {
    throw new DataDirRefusedError(`${dir} is open to other users. Run: chmod 700 ${dir}`)
  }
  if (REFERENCE_FILES.every((name) => existsSync(join(dir, name)))) {
    throw new DataDirRefusedError(
      `${dir} holds streams of another server, which this one does not read. Choose an empty directory.`,
    )
  }
}

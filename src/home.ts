/** AGENTZ_HOME: one directory of one user, closed to all others. */
import { chmod, lstat, mkdir, realpath, stat } from "node:fs/promises"
import { join } from "node:path"
import { ConfigError } from "./config.ts"

export interface Home {
  readonly path: string
  /** The access token, where none was given by the environment. */
  readonly tokenFile: string
  /** The embedded stream server's token. */
  readonly streamsTokenFile: string
  readonly socketSecretFile: string
  /** Where the embedded stream server keeps its data. */
  readonly streamsDir: string
  /** Who runs: one file per process, private. */
  readonly runDir: string
  readonly apiRunFile: string
  /** Where the API's log goes while a person watches its terminal. */
  readonly apiLog: string
}

export const homeAt = (path: string): Home => ({
  path,
  tokenFile: join(path, "token"),
  streamsTokenFile: join(path, "streams-token"),
  socketSecretFile: join(path, "socket-secret"),
  streamsDir: join(path, "streams"),
  runDir: join(path, "run"),
  apiRunFile: join(path, "run", "api.json"),
  apiLog: join(path, "api.log"),
})

/**
 * Makes the home where it is missing, 0700 whatever the umask, and refuses one that another user owns or can look
 * into. Never changes the mode of a directory that was there: what leaked through it has leaked, and its owner
 * should know. `uid` is who we are.
 */
export async function openHome(path: string, uid = process.getuid?.() ?? null): Promise<Home> {
  await privateDirectory(path, uid)
  const home = homeAt(await realpath(path))
  await privateDirectory(home.runDir, uid, { insideHome: true })
  return home
}

/** Makes or checks a directory that only this user can enter. Inside the home, a link is refused. */
export async function privateDirectory(
  path: string,
  uid = process.getuid?.() ?? null,
  { insideHome = false } = {},
): Promise<void> {
  const made = await mkdir(path, { recursive: true, mode: 0o700 }).catch((error: NodeJS.ErrnoException) => {
    throw notMade(path, error)
  })
  if (made !== undefined) await chmod(path, 0o700)
  if (insideHome && (await lstat(path)).isSymbolicLink())
    throw unsafe(`${path} is a symbolic link, which agentz does not follow: remove it with \`rm ${path}\`.`)

  const { uid: owner, mode } = await stat(path)
  if (uid !== null && owner !== uid)
    throw unsafe(
      `${path} belongs to user ${owner}, not to you (${uid}): set AGENTZ_HOME to a directory of your own, ` +
        `or take it over with \`sudo chown -R ${uid} ${path}\`.`,
    )
  if ((mode & 0o077) !== 0)
    throw unsafe(
      `${path} can be entered by other users (mode ${(mode & 0o777).toString(8)}): \`chmod 700 ${path}\` closes it.`,
    )
}

function notMade(path: string, error: NodeJS.ErrnoException): Error {
  if (error.code === "EEXIST" || error.code === "ENOTDIR")
    return unsafe(`${path} is not a directory: set AGENTZ_HOME to one, or move that file away.`)
  if (error.code === "EACCES" || error.code === "EPERM" || error.code === "EROFS")
    return unsafe(`${path} cannot be made (${error.code}): set AGENTZ_HOME to a directory of your own.`)
  if (error.code === "ENOSPC") return unsafe(`${path} cannot be made, the disk is full: free some space.`)
  return error
}

const unsafe = (message: string) => new ConfigError("unsafe_home", message)

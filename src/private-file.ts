/**
 * Files that only their owner may read, whatever the umask. Nothing here follows a symbolic link in its last
 * step: a link in the home is somebody's trap.
 */
import { randomBytes } from "node:crypto"
import { constants } from "node:fs"
import { link, open, rename, rm } from "node:fs/promises"
import { ConfigError } from "./config.ts"

const READ = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK
const CREATE = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW

/**
 * The content of a file that is private to this user; `null` when there is none. A file that is a link, belongs
 * to another user or can be read by one is refused.
 */
export async function readPrivate(path: string): Promise<string | null> {
  const file = await open(path, READ).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return null
    if (error.code === "ELOOP")
      throw unsafe(`${path} is a symbolic link, which agentz does not follow: remove it with \`rm ${path}\`.`)
    throw error
  })
  if (file === null) return null
  try {
    const { uid, mode, size } = await file.stat()
    const me = process.getuid?.() ?? uid
    if (uid !== me)
      throw unsafe(`${path} belongs to user ${uid}, not to you (${me}): remove it, or set AGENTZ_HOME.`)
    if ((mode & 0o077) !== 0)
      throw unsafe(`${path} can be read by other users: \`chmod 600 ${path}\` closes it.`)
    if (size > 1024 * 1024) throw unsafe(`${path} is far larger than agentz writes it: remove it.`)
    return await file.readFile("utf8")
  } finally {
    await file.close()
  }
}

/** Puts a whole file in place, over an older one. A reader sees the old or the new one, never half. */
export async function writePrivate(path: string, text: string): Promise<void> {
  const draft = await writeDraft(path, text)
  try {
    await rename(draft, path)
  } catch (error) {
    await rm(draft, { force: true })
    throw error
  }
}

/** Puts a whole file in place unless there is one. Of many callers at once, exactly one gets `true`. */
export async function createPrivate(path: string, text: string): Promise<boolean> {
  const draft = await writeDraft(path, text)
  try {
    await link(draft, path)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false
    throw error
  } finally {
    await rm(draft, { force: true })
  }
}

async function writeDraft(path: string, text: string): Promise<string> {
  const draft = `${path}.${process.pid}.${randomBytes(6).toString("hex")}`
  const file = await open(draft, CREATE, 0o600)
  try {
    await file.chmod(0o600)
    await file.writeFile(text)
    await file.sync()
  } catch (error) {
    await rm(draft, { force: true })
    throw error
  } finally {
    await file.close()
  }
  return draft
}

const unsafe = (message: string) => new ConfigError("unsafe_home", message)

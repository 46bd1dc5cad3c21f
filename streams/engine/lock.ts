import { execFileSync } from "node:child_process"
import { randomBytes } from "node:crypto"
import {
  closeSync,
  ftruncateSync,
  linkSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
  writeSync,
} from "node:fs"
import { join } from "node:path"
import { DataDirBusyError, DiskFullError } from "./errors.ts"

/** Who holds a directory. A pid alone is not enough: the system gives it out again. */
interface Holder {
  readonly pid: number
  readonly boot: string
  readonly started: string
}

const NAME = "lock"

/** Holds a data directory for this process until disposed. */
export class DirLock implements Disposable {
  readonly #file: string
  readonly #text: string
  /** The process that held it before is dead and never let go. */
  readonly afterCrash: boolean

  private constructor(file: string, text: string, afterCrash: boolean) {
    this.#file = file
    this.#text = text
    this.afterCrash = afterCrash
  }

  /** Throws `DataDirBusyError` while another live process holds the directory. */
  static take(dir: string): DirLock {
    const file = join(dir, NAME)
    const text = JSON.stringify(identityOf(process.pid))
    const mine = `${file}.${process.pid}.${randomBytes(4).toString("hex")}`
    let afterCrash = false
    try {
      if (!tryWrite(mine, text)) {
        takeRoomOfTheDead(file, mine, dir)
        writeOver(mine, text)
        afterCrash = true
      }
      while (!tryLink(mine, file)) {
        const found = read(file)
        if (found === null) continue
        const holder = parse(found)
        if (holder && isAlive(holder)) throw new DataDirBusyError(dir, holder.pid)
        moveAside(file, found)
        afterCrash = true
      }
    } finally {
      rmSync(mine, { force: true })
    }
    return new DirLock(file, text, afterCrash)
  }

  [Symbol.dispose](): void {
    if (read(this.#file) === this.#text) rmSync(this.#file, { force: true })
  }
}

function tryLink(from: string, to: string): boolean {
  try {
    linkSync(from, to)
    return true
  } catch (error) {
    if (isCode(error, "EEXIST")) return false
    throw error
  }
}

/** Returns false when the disk has no room for even that. */
function tryWrite(file: string, text: string): boolean {
  try {
    writeFileSync(file, text, { mode: 0o600, flag: "wx" })
    return true
  } catch (error) {
    if (isCode(error, "ENOSPC") || isCode(error, "EDQUOT")) return false
    throw error
  }
}

/** On a full disk a server must still start, to read and to delete: a dead holder's file is room enough. */
function takeRoomOfTheDead(file: string, mine: string, dir: string): void {
  const found = read(file)
  if (found === null) throw new DiskFullError()
  const holder = parse(found)
  if (holder && isAlive(holder)) throw new DataDirBusyError(dir, holder.pid)
  renameSync(file, mine)
  if (read(mine) === found) return
  // Another contender was faster, and what we took is his.
  tryLink(mine, file)
  throw new DiskFullError()
}

function writeOver(file: string, text: string): void {
  const fd = openSync(file, "r+")
  try {
    writeSync(fd, text, 0)
    ftruncateSync(fd, Buffer.byteLength(text))
  } finally {
    closeSync(fd)
  }
}

/** Renames a dead holder's file away. If another contender was faster, what we moved is his: give it back. */
function moveAside(file: string, dead: string): void {
  const aside = `${file}.${process.pid}.${randomBytes(4).toString("hex")}`
  try {
    renameSync(file, aside)
  } catch (error) {
    if (isCode(error, "ENOENT")) return
    throw error
  }
  if (read(aside) !== dead) tryLink(aside, file)
  rmSync(aside, { force: true })
}

function read(file: string): string | null {
  try {
    return readFileSync(file, "utf8")
  } catch (error) {
    if (isCode(error, "ENOENT")) return null
    throw error
  }
}

function parse(text: string): Holder | null {
  try {
    const { pid, boot, started } = JSON.parse(text)
    return typeof pid === "number" ? { pid, boot: String(boot), started: String(started) } : null
  } catch {
    return null
  }
}

function isAlive(holder: Holder): boolean {
  const now = identityOf(holder.pid)
  return now.started !== "" && now.started === holder.started && now.boot === holder.boot
}

/** Which start of the machine this is; empty where the system does not tell. */
export const bootId = (): string => identityOf(process.pid).boot

/** `started` is empty when there is no such process. */
function identityOf(pid: number): Holder {
  if (process.platform !== "linux") return { pid, boot: "", started: startedByPs(pid) }
  const boot = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim()
  const stat = read(`/proc/${pid}/stat`)
  // The second field is the command in brackets, which may hold spaces and brackets itself.
  const fields = stat?.slice(stat.lastIndexOf(")") + 2).split(" ") ?? []
  return { pid, boot, started: fields[0] === "Z" ? "" : (fields[19] ?? "") }
}

function startedByPs(pid: number): string {
  try {
    return execFileSync("ps", ["-o", "lstart=", "-p", String(pid)], { encoding: "utf8" }).trim()
  } catch {
    return ""
  }
}

const isCode = (error: unknown, code: string): boolean =>
  error instanceof Error && "code" in error && error.code === code

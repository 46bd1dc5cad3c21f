import { fstatSync, writeSync } from "node:fs"
import { DiskFullError, DiskReadOnlyError, type DiskRefusedError } from "./errors.ts"

const ZEROS = Buffer.alloc(262_144)
/** Tree pages one row may dirty: the way down to it. All rows together dirty no page twice. */
const PATH_PER_ROW = 24_576
/** Pages one row may add, by splitting or by filling one of its own. */
const NEW_PER_ROW = 8_192
const FLOOR = 262_144
/** Kept for deletes when ordinary writes are already refused. */
const FOR_DELETES = 1_048_576
const MOST = 32_000_000

/** The end of what the store uses in its file, in bytes. */
export type UsedBytes = () => number

/** What a transaction brings: content, rows anywhere, and rows removed that follow one another. */
interface Load {
  readonly bytes: number
  readonly scattered: number
  readonly swept: number
}

/**
 * Keeps zero-written room behind the end of the store's file, so that the store itself never meets a full
 * disk: its own error path for that corrupts memory. Call only while no transaction is in flight.
 */
export class Reserve {
  readonly #fd: number
  readonly #used: UsedBytes
  #room = 0

  constructor(fd: number, used: UsedBytes) {
    this.#fd = fd
    this.#used = used
  }

  /** Throws a `DiskRefusedError` when there is no room, or no writing at all; the store was not touched. */
  take({ bytes, scattered, swept }: Load, forDeletes = false): void {
    this.#probe()
    const most = bytes + scattered * PATH_PER_ROW + swept * NEW_PER_ROW
    const floor = FLOOR + (forDeletes ? 0 : FOR_DELETES)
    if (this.#room >= floor + most) {
      this.#room -= most
      return
    }
    const end = this.#used()
    // Swept rows lie side by side: no way down is theirs alone.
    const tree = Math.min(scattered * PATH_PER_ROW, end + scattered * NEW_PER_ROW)
    const cost = bytes + tree + swept * NEW_PER_ROW
    const need = floor + cost
    if (this.#room < need) this.#grow(end, need)
    this.#room -= cost
  }

  /** Room is of no use on a file system that has become read-only. A write of nothing costs nothing. */
  #probe(): void {
    try {
      writeSync(this.#fd, ZEROS, 0, 0, 0)
    } catch (error) {
      throw refused(error)
    }
  }

  #grow(end: number, need: number): void {
    const want = end + need + Math.min(MOST, Math.max(FLOOR, end / 4))
    let size = fstatSync(this.#fd).size
    try {
      while (size < want) size += writeSync(this.#fd, ZEROS, 0, ZEROS.length, size)
    } catch (error) {
      size = fstatSync(this.#fd).size
      if (size - end < need) {
        this.#room = size - end
        throw refused(error)
      }
    }
    this.#room = size - end
  }
}

function refused(error: unknown): DiskRefusedError {
  const isReadOnly = error instanceof Error && "code" in error && error.code === "EROFS"
  return isReadOnly ? new DiskReadOnlyError(error) : new DiskFullError(error)
}

/** Reads a log that others write, cut and begin anew meanwhile. */
import { closeSync, fstatSync, openSync, readSync } from "node:fs"
import { StringDecoder } from "node:string_decoder"

/** So much of a log's end is looked at. */
const TAIL_BYTES = 1024 * 1024
/** So much is read at once while following. */
const READ_BYTES = 256 * 1024
/** A line that never ends is given out in pieces. */
const LINE_BYTES = 64 * 1024

export class LogFile {
  readonly #path: string
  #inode = 0
  #at = 0
  #rest = ""
  #decoder = new StringDecoder("utf8")

  constructor(path: string) {
    this.#path = path
  }

  /** The last `count` whole lines; {@link more} goes on behind them. Empty where there is no log. */
  last(count: number): string[] {
    const lines = this.#read((size) => Math.max(0, size - TAIL_BYTES), TAIL_BYTES)
    return count === 0 ? [] : lines.slice(-count)
  }

  /** The lines that were added since. */
  more(): string[] {
    return this.#read((size, inode) => (inode === this.#inode && size >= this.#at ? this.#at : 0), READ_BYTES)
  }

  #read(from: (size: number, inode: number) => number, most: number): string[] {
    let fd: number
    try {
      fd = openSync(this.#path, "r")
    } catch {
      return [] // There is no such log, or not yet.
    }
    try {
      const { size, ino } = fstatSync(fd)
      const start = from(size, ino)
      if (start !== this.#at || ino !== this.#inode) {
        this.#rest = ""
        this.#decoder = new StringDecoder("utf8")
      }
      const bytes = Buffer.alloc(Math.min(most, Math.max(0, size - start)))
      const count = readSync(fd, bytes, 0, bytes.length, start)
      this.#at = start + count
      this.#inode = ino
      const pieces = (this.#rest + this.#decoder.write(bytes.subarray(0, count))).split("\n")
      this.#rest = pieces.pop() ?? ""
      if (this.#rest.length > LINE_BYTES) pieces.push(this.#rest)
      if (this.#rest.length > LINE_BYTES) this.#rest = ""
      return pieces.filter((line) => line !== "")
    } finally {
      closeSync(fd)
    }
  }
}

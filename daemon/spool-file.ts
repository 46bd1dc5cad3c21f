/** The spool as a file beside the session: one write per event, whole lines or nothing. */
import { closeSync, constants, fstatSync, ftruncateSync, openSync, readSync, writeSync } from "node:fs"
import type { Spool } from "#streams/spool"

const FLAGS = constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW

export function openSpoolFile(path: string): Spool {
  const fd = openSync(path, FLAGS, 0o600)
  let end = fstatSync(fd).size
  const read = () => {
    const bytes = Buffer.alloc(end)
    readSync(fd, bytes, 0, end, 0)
    // A line without its end was being written when its writer died; it was never sent.
    return bytes.toString("utf8", 0, bytes.lastIndexOf("\n") + 1)
  }
  // What a killed writer left half written must not join the next line.
  end = Buffer.byteLength(read())
  ftruncateSync(fd, end)
  return {
    read,
    append(lines) {
      const bytes = Buffer.from(lines)
      let written = 0
      try {
        while (written < bytes.length)
          written += writeSync(fd, bytes, written, bytes.length - written, end + written)
      } catch (error) {
        ftruncateSync(fd, end)
        throw error
      }
      end += bytes.length
    },
    clear() {
      ftruncateSync(fd, 0)
      end = 0
    },
    [Symbol.dispose]() {
      closeSync(fd)
    },
  }
}

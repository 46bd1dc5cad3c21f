/** The spool as a file beside the session: one write per event, whole lines or nothing. Blobs are files of their own. */
import {
  closeSync,
  constants,
  existsSync,
  fstatSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  writeFileSync,
  writeSync,
} from "node:fs"
import { dirname, join } from "node:path"
import type { Spool } from "#streams/spool"

const FLAGS = constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW

export function openSpoolFile(path: string): Spool {
  const fd = openSync(path, FLAGS, 0o600)
  const blobDir = join(dirname(path), "blobs")
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
    keep({ ref, bytes }) {
      mkdirSync(blobDir, { recursive: true, mode: 0o700 })
      const file = join(blobDir, lastPartOf(ref.blob))
      // Never half a blob under a whole one's name.
      writeFileSync(`${file}.new`, bytes, { mode: 0o600 })
      renameSync(`${file}.new`, file)
    },
    *blobs() {
      if (!existsSync(blobDir)) return
      for (const name of readdirSync(blobDir))
        if (!name.endsWith(".new")) yield { name, bytes: new Uint8Array(readFileSync(join(blobDir, name))) }
    },
    clear() {
      ftruncateSync(fd, 0)
      end = 0
      rmSync(blobDir, { recursive: true, force: true })
    },
    [Symbol.dispose]() {
      closeSync(fd)
    },
  }
}

const lastPartOf = (name: string): string => name.slice(name.lastIndexOf("/") + 1)

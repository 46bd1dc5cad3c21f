import { readFileSync } from "node:fs"

/** What a traced process did to one file, and what it answered, in the order in which it happened. */
export type Step =
  | { readonly did: "write"; readonly at: number; readonly bytes: Buffer; readonly synced: boolean }
  /** `covers` is the number of steps that were done when the sync began. */
  | { readonly did: "sync"; readonly covers: number }
  | { readonly did: "answer"; readonly head: string }
  /** The file has its name from here on; before, it was written under another. */
  | { readonly did: "name" }

const TRACED = "openat,rename,lseek,write,writev,pwrite64,pwritev,ftruncate,fallocate,fdatasync,fsync"

/** The command that traces another one, so that `readTrace` can read what it did. */
export const tracer = (trace: string): string[] => [
  "strace",
  "-D",
  "-f",
  "-y",
  "-xx",
  "-s",
  "10000000",
  "-e",
  `trace=${TRACED}`,
  "-o",
  trace,
]

export function readTrace(trace: string, file: string): Step[] {
  const reader = new Reader(file)
  for (const line of readFileSync(trace, "latin1").split("\n")) reader.line(line)
  return reader.steps
}

class Reader {
  readonly steps: Step[] = []
  readonly #file: string
  /** Calls of other threads that were not done when the next line was written. */
  readonly #begun = new Map<string, { readonly text: string; readonly covers: number }>()
  readonly #positions = new Map<string, number>()
  readonly #synced = new Set<string>()

  constructor(file: string) {
    this.#file = file
  }

  line(line: string): void {
    const [, pid = "", text = ""] = /^(\d+) +(.*)$/.exec(line) ?? []
    const begun = / ?<unfinished \.\.\.>$/.exec(text)
    if (begun) {
      const call = text.slice(0, begun.index)
      // An answer can be seen as soon as it is being written.
      if (!this.#answer(call)) this.#begun.set(pid, { text: call, covers: this.steps.length })
      return
    }
    const resumed = /^<\.\.\. \w+ resumed>(.*)$/.exec(text)
    if (!resumed) {
      if (!this.#answer(text)) this.#call(text, this.steps.length)
      return
    }
    const beginning = this.#begun.get(pid)
    this.#begun.delete(pid)
    if (beginning) this.#call(beginning.text + resumed[1], beginning.covers)
  }

  #answer(call: string): boolean {
    const [, written] = /^writev?\(\d+<[^>]*>, (?:\[\{iov_base=)?"((?:\\x..)*)/.exec(call) ?? []
    if (!written?.startsWith(ANSWER)) return false
    this.steps.push({ did: "answer", head: bytesOf(written).toString("latin1") })
    return true
  }

  #call(text: string, covers: number): void {
    const [, name, args = "", result = ""] = /^(\w+)\((.*)\)\s+= (-?\d+)/.exec(text) ?? []
    if (name === "openat") {
      if (args.includes("O_DSYNC")) this.#synced.add(result)
      else this.#synced.delete(result)
      return
    }
    if (name === "rename") {
      const [, to = ""] = /, "((?:\\x..)*)"$/.exec(args) ?? []
      if (bytesOf(to).toString() === this.#file) this.steps.push({ did: "name" })
      return
    }
    const [, descriptor = "", path = ""] = /^(\d+)<((?:\\x..)*)>/.exec(args) ?? []
    const isOurs = [this.#file, `${this.#file}.new`].includes(bytesOf(path).toString())
    if (!isOurs || result.startsWith("-")) return
    if (name === "fdatasync" || name === "fsync") this.steps.push({ did: "sync", covers })
    else if (name === "lseek") this.#positions.set(descriptor, Number(result))
    else if (name === "pwrite64" || name === "pwritev") {
      this.#write(descriptor, args, Number(/, (\d+)$/.exec(args)?.[1]))
    } else if (name === "write" || name === "writev") {
      const at = this.#positions.get(descriptor) ?? 0
      this.#positions.set(descriptor, at + Number(result))
      this.#write(descriptor, args, at)
    } else throw new Error(`the trace has a ${name} of the file, which is not understood`)
  }

  #write(descriptor: string, args: string, at: number): void {
    const parts = [...args.matchAll(/"((?:\\x..)*)"/g)].map(([, text = ""]) => bytesOf(text))
    const synced = this.#synced.has(descriptor)
    this.steps.push({ did: "write", at, bytes: Buffer.concat(parts), synced })
  }
}

const bytesOf = (text: string): Buffer => Buffer.from(text.replaceAll("\\x", ""), "hex")

const ANSWER = [...Buffer.from("HTTP/1.1 ")]
  .map((byte) => `\\x${byte.toString(16).padStart(2, "0")}`)
  .join("")

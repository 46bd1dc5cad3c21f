/** What files hold, out of the object store, some at a time. */
import type { Looking } from "./differences.ts"
import { gitBytes } from "./git.ts"
import { SLOWLY } from "./scan.ts"

/** So much is held in memory at once, unless a single file is larger. */
const AT_ONCE_BYTES = 32 << 20
const AT_ONCE = 500

export interface Sized {
  readonly object: string
  readonly bytes: number
}

/** The content of each object, in their order. */
export async function* blobsOf(looking: Looking, objects: readonly Sized[]): AsyncGenerator<Buffer> {
  for (let from = 0; from < objects.length; ) {
    let to = from
    let bytes = 0
    while (to < objects.length && to - from < AT_ONCE && (to === from || bytes < AT_ONCE_BYTES))
      bytes += objects[to++]?.bytes ?? 0
    const some = objects.slice(from, to).map(({ object }) => object)
    yield* await read(looking, some, bytes)
    from = to
  }
}

const listed = (objects: readonly string[]) => objects.map((object) => `${object}\n`).join("")

/** Throws {@link ObjectGone}. */
export async function sizesOf(
  { root: directory, own }: Looking,
  objects: readonly string[],
): Promise<number[]> {
  if (objects.length === 0) return []
  const call = { directory, own, subcommand: "cat-file", options: ["--batch-check=%(objectsize)"] } as const
  const said = (await gitBytes(call, { ...SLOWLY, input: listed(objects) })).toString("latin1")
  return said.trimEnd().split("\n").map(sizeIn)
}

async function read({ root: directory, own }: Looking, objects: readonly string[], bytes: number) {
  const call = { directory, own, subcommand: "cat-file", options: ["--batch=%(objectsize)"] } as const
  const maxBytes = bytes + objects.length * 32 + 1024
  const said = await gitBytes(call, { ...SLOWLY, maxBytes, input: listed(objects) })
  const contents: Buffer[] = []
  for (let at = 0; at < said.length; ) {
    const line = said.indexOf("\n", at)
    const size = sizeIn(said.toString("latin1", at, line))
    contents.push(said.subarray(line + 1, line + 1 + size))
    at = line + 1 + size + 1
  }
  return contents
}

function sizeIn(said: string): number {
  if (!/^\d+$/.test(said)) throw new ObjectGone()
  return Number(said)
}

/** What a checkpoint consists of is not in the repository any more. */
export class ObjectGone extends Error {
  override readonly name = "ObjectGone"
  constructor() {
    super("The checkpoint is gone: its ref was deleted, and git has thrown away what it held.")
  }
}

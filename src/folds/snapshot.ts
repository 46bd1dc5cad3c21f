/**
 * A fold as lines of text: what it is of, the session without its items, the items some hundreds to a line, and a
 * checksum of all that. In lines, so that a long one is written and read in steps between which others are served.
 */
import { createHash, type Hash } from "node:crypto"
import { setImmediate } from "node:timers/promises"
import { z } from "zod"
import { SessionId } from "#streams/ids"
import type { Item, Session } from "#streams/session"
import type { SessionAt } from "./session-at.ts"

const ITEMS_PER_LINE = 256

/** Of what, by which fold, and how far. */
const SnapshotHead = z.strictObject({
  version: z.string(),
  sessionId: SessionId,
  source: z.strictObject({ stream: z.string(), copy: z.number() }),
  offset: z.string(),
  mark: z.strictObject({ from: z.string(), id: z.string() }),
  seq: z.number().int(),
})
export type SnapshotHead = z.infer<typeof SnapshotHead>

/** Without the newline at its end. `null`: it is no head. */
export function parseHead(line: string): SnapshotHead | null {
  try {
    return SnapshotHead.parse(JSON.parse(line))
  } catch {
    return null
  }
}

/** Nothing where there is nothing to go on from. */
export function* linesOf({ source, value, offset, mark }: SessionAt, version: string): Generator<string> {
  if (mark === null) return
  const hash = createHash("sha256")
  const line = (content: unknown): string => {
    const text = `${JSON.stringify(content)}\n`
    hash.update(text)
    return text
  }
  const { sessionId, seq } = value
  const { items, ...rest } = value
  yield line({ version, sessionId, source, offset, mark, seq } satisfies SnapshotHead)
  yield line(rest)
  for (let from = 0; from < items.length; from += ITEMS_PER_LINE)
    yield line(items.slice(from, from + ITEMS_PER_LINE))
  yield `${JSON.stringify({ sha256: hash.digest("hex") })}\n`
}

/** `null` where anything of it is not as it was written. */
export async function parseSnapshot(
  bytes: Buffer,
): Promise<{ readonly head: SnapshotHead; readonly at: SessionAt } | null> {
  const hash = createHash("sha256")
  const lines: unknown[] = []
  for (const line of linesIn(bytes)) {
    const content: unknown = parsedLine(line)
    if (isEnd(content, hash)) return snapshotOf(lines)
    if (content === undefined) return null
    hash.update(line)
    lines.push(content)
    await setImmediate()
  }
  return null
}

function snapshotOf([first, rest, ...items]: readonly unknown[]) {
  const head = SnapshotHead.safeParse(first).data
  if (head === undefined || typeof rest !== "object") return null
  const { source, offset, mark } = head
  // The checksum says that it is what `linesOf` wrote, and the version that it was this fold's.
  const value = { ...rest, items: (items as readonly (readonly Item[])[]).flat() } as unknown as Session
  return { head, at: { source, value, offset, mark } }
}

function* linesIn(bytes: Buffer): Generator<Buffer> {
  for (let from = 0; from < bytes.length; ) {
    const end = bytes.indexOf("\n", from)
    if (end < 0) return
    yield bytes.subarray(from, end + 1)
    from = end + 1
  }
}

function parsedLine(line: Buffer): unknown {
  try {
    return JSON.parse(line.toString("utf8"))
  } catch {
    return undefined
  }
}

const isEnd = (content: unknown, hash: Hash): boolean =>
  typeof content === "object" &&
  content !== null &&
  Reflect.get(content, "sha256") === hash.copy().digest("hex")

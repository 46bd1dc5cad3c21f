/** A change to one file as lines, and how big it is. */
import { diffLines, structuredPatch } from "diff"
import { plainText } from "./hidden-characters.ts"

export interface FileChange {
  readonly path: string
  readonly oldText: string | null
  readonly newText: string
}

export interface DiffLine {
  readonly kind: "context" | "added" | "removed" | "gap"
  readonly text: string
  readonly oldLine: number | null
  readonly newLine: number | null
}

// Past this, comparing line by line takes long enough to be felt.
const LONGEST = 400_000
const MOST_EDITS = 20_000

interface DiffStat {
  readonly added: number
  readonly removed: number
}

const stats = new WeakMap<FileChange, DiffStat>()

/** Lines added and removed. Remembered per change: a transcript asks at every draw. */
export function diffStat(change: FileChange): DiffStat {
  const known = stats.get(change)
  if (known) return known
  const stat = countLines(change)
  stats.set(change, stat)
  return stat
}

function countLines({ oldText, newText }: FileChange): DiffStat {
  if (oldText === null || oldText === "") return { added: lineCount(newText), removed: 0 }
  const changes =
    oldText.length + newText.length > LONGEST
      ? undefined
      : diffLines(oldText, newText, { maxEditLength: MOST_EDITS })
  if (!changes) return { added: lineCount(newText), removed: lineCount(oldText) }
  let [added, removed] = [0, 0]
  for (const part of changes) {
    if (part.added) added += part.count
    if (part.removed) removed += part.count
  }
  return { added, removed }
}

const lineCount = (text: string): number =>
  text === "" ? 0 : text.split("\n").length - (text.endsWith("\n") ? 1 : 0)

/** The lines to show: what changed with three lines around it. `null` where the change is too big to compare. */
export function diffRows({ path, oldText, newText }: FileChange): DiffLine[] | null {
  if ((oldText?.length ?? 0) + newText.length > LONGEST) return null
  const patch = structuredPatch(path, path, oldText ?? "", newText, "", "", {
    context: 3,
    maxEditLength: MOST_EDITS,
  })
  if (!patch) return null
  return patch.hunks.flatMap((hunk, index) => {
    let [oldLine, newLine] = [hunk.oldStart, hunk.newStart]
    const lines = hunk.lines.flatMap((line): DiffLine[] => {
      const text = plainText(line.slice(1))
      if (line.startsWith("+")) return [{ kind: "added", text, oldLine: null, newLine: newLine++ }]
      if (line.startsWith("-")) return [{ kind: "removed", text, oldLine: oldLine++, newLine: null }]
      if (line.startsWith("\\")) return []
      return [{ kind: "context", text, oldLine: oldLine++, newLine: newLine++ }]
    })
    const gap: DiffLine = { kind: "gap", text: "", oldLine: null, newLine: null }
    return index === 0 ? lines : [gap, ...lines]
  })
}

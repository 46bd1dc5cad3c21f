/** Between which moments of a session's files one looks, and how those are called. Pure. */
import type { FileChange, Moment } from "#streams/file-change"
import type { CheckpointMark } from "#streams/session"
import { clockTime } from "./figures.ts"

export interface Range {
  readonly from: Moment
  readonly to: Moment
}

export const rangeText = ({ from, to }: Range): string => `${from}..${to}`

/** `base..3`, as it is in an address; `null` where it is none. */
export function rangeOf(text: string): Range | null {
  const [from, to] = text.split("..", 2).map(momentOf)
  return from && to ? { from, to } : null
}

function momentOf(text: string): Moment | null {
  if (text === "base" || text === "head" || text === "now") return text
  return /^[1-9]\d{0,8}$/.test(text) ? Number(text) : null
}

/** The checkpoints that there were after the event `at`; `null`: all that there are. */
export const checkpointsAt = (
  checkpoints: readonly CheckpointMark[],
  at: number | null,
): readonly CheckpointMark[] => (at === null ? checkpoints : checkpoints.filter(({ seq }) => seq <= at))

/** All that the session did, up to where one looks. */
export const wholeRange = (checkpoints: readonly CheckpointMark[], at: number | null): Range => ({
  from: "base",
  to: at === null ? "now" : (checkpoints.at(-1)?.n ?? 1),
})

/** What was done from the checkpoint before it on. */
export const rangeOfCheckpoint = ({ n }: Pick<CheckpointMark, "n">): Range => ({
  from: n === 1 ? "base" : n - 1,
  to: n,
})

/** The files as they were when the last turn that changed any began; `null` where there was none. */
export function checkpointBeforeLastTurn(checkpoints: readonly CheckpointMark[]): number | null {
  const last = checkpoints.findLast(({ when }) => when === "after_turn")
  const first = checkpoints.find(({ turn, when }) => turn === last?.turn && when !== "before_turn")
  return checkpoints.findLast(({ n }) => first !== undefined && n < first.n)?.n ?? null
}

/** What was checked out, where there was something: a directory that is no repository began with its first checkpoint. */
export const hasBase = (checkpoints: readonly CheckpointMark[]): boolean =>
  (checkpoints[0]?.head ?? null) !== null

const WHEN: Readonly<Record<CheckpointMark["when"], string>> = {
  before_turn: "before",
  after_turn: "after",
  asked: "kept in",
  before_restore: "before a restore, after",
  restored: "put back after",
}

/** `after turn 2`, or what whoever asked for it says of it. */
export const checkpointTitle = ({
  when,
  turn,
  note,
}: Pick<CheckpointMark, "when" | "turn" | "note">): string =>
  note ?? `${WHEN[when]} turn ${Math.max(1, turn)}`

export function momentTitle(moment: Moment, checkpoints: readonly CheckpointMark[]): string {
  if (moment === "base") return "Start of the session"
  if (moment === "head") return "What is checked out"
  if (moment === "now") return "Now"
  const mark = checkpoints.find(({ n }) => n === moment)
  return mark ? `${moment}: ${checkpointTitle(mark)}, ${clockTime(mark.at)}` : `Checkpoint ${moment}`
}

/** One file's part of a patch; `null` where it is not given. */
export type FilePatch = FileChange & { readonly patch: string | null }

/**
 * A patch, cut at its files, which are in its order. Where the type of a file changed it has two parts: one file
 * goes, another comes.
 */
export function filePatches(files: readonly FileChange[], patch: string): readonly FilePatch[] {
  const parts = patch === "" ? [] : patch.split(/^(?=diff --git )/m)
  let at = 0
  return files.map((file) => {
    const count = file.status === "type_changed" ? 2 : 1
    const own = parts.slice(at, at + count)
    at += count
    return { ...file, patch: own.length === count ? own.join("") : null }
  })
}

/** What a file's patch cannot show as lines. */
export function factsOf(file: FilePatch): readonly string[] {
  const modes = /^old mode (\d+)\nnew mode (\d+)$/m.exec(file.patch ?? "")
  return [
    ...(file.from === undefined ? [] : [`Renamed from ${file.from}.`]),
    ...(modes ? [`Mode ${modes[1]} became ${modes[2]}: ${modeWords(modes[2] ?? "")}.`] : []),
    ...(file.status === "type_changed" ? ["A file became a link, or a link a file."] : []),
    ...(file.added === null ? ["Not text: its lines cannot be compared."] : []),
    ...(file.status === "added" && file.added === 0 ? ["An empty file."] : []),
  ]
}

const modeWords = (mode: string): string => (mode === "100755" ? "it can be run now" : "it cannot be run now")

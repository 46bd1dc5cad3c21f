/** `agentz prune --worktrees`: shows all work trees, and takes away those in which nothing is that would be lost. */
import type { ControlPlane } from "../plane.ts"
import type { PrunedWorktrees, PruneWorktreesRequest } from "../workspaces/pruning-worktrees.ts"
import type { WorktreeTold } from "../workspaces/worktrees.ts"
import { confirmed } from "./ask.ts"
import type { Io } from "./io.ts"
import { usage } from "./refusal.ts"
import { bytesIn, cropped, oneLine, table } from "./terminal.ts"

export async function pruneWorktrees(
  plane: ControlPlane,
  request: PruneWorktreesRequest,
  { io, json, yes }: { readonly io: Io; readonly json: boolean; readonly yes: boolean },
): Promise<number> {
  const plan = await plane.pruneWorktrees({ ...request, dryRun: true })
  const asks = !request.dryRun && !yes && plan.removed.length > 0
  if (!json) io.stdout.write(sheet(plan, request.dryRun))
  if (asks && (json || io.stdin.isTTY !== true))
    throw usage("What git ignores in them goes for good: add --yes, or --dry-run to only look.")
  if (asks && !(await confirmed(io, `Take away ${countOf(plan.removed)}?`))) return 1
  const done = request.dryRun ? plan : await plane.pruneWorktrees(request)
  if (json) io.stdout.write(`${JSON.stringify(done)}\n`)
  else if (!done.dryRun && plan.removed.length > 0)
    io.stdout.write(
      `${countOf(done.removed)} taken away, ${bytesIn(total(done.removed))}.${late(plan, done)}\n`,
    )
  return 0
}

function sheet({ removed, kept }: PrunedWorktrees, dryRun: boolean): string {
  const all = [...removed, ...kept]
  if (all.length === 0) return "There are no work trees.\n"
  const rows = all.map((tree) => [
    tree.sessionId ?? oneLine(tree.path),
    bytesIn(tree.bytes),
    tree.work.replaceAll("_", " "),
    tree.status ?? "no session",
    tree.updatedAt?.slice(0, 10) ?? "",
    cropped(oneLine(tree.title ?? tree.branch ?? ""), 32),
  ])
  const stays = kept
    .map((tree) => `${tree.sessionId ?? oneLine(tree.path)} stays: ${oneLine(tree.why)}.\n`)
    .join("")
  const go =
    removed.length === 0
      ? "None can go.\n"
      : `${countOf(removed)}, ${bytesIn(total(removed))}${dryRun ? " would go" : ""}.\n`
  return `${table([["SESSION", "SIZE", "WORK", "STATUS", "LAST SIGN", "TITLE"], ...rows], 200)}${stays}${go}`
}

/** Those that stayed after all. */
function late(plan: PrunedWorktrees, { kept }: PrunedWorktrees): string {
  const planned = new Set(plan.removed.map(({ path }) => path))
  return kept
    .filter(({ path }) => planned.has(path))
    .map(({ path, why }) => `\n${oneLine(path)} stays: ${oneLine(why)}.`)
    .join("")
}

const countOf = ({ length }: readonly WorktreeTold[]): string =>
  length === 1 ? "1 work tree" : `${length} work trees`

const total = (trees: readonly WorktreeTold[]): number => trees.reduce((sum, { bytes }) => sum + bytes, 0)

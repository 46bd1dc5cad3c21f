import type { SessionId } from "#streams/ids"
import type { ControlPlane } from "../../plane.ts"
import type { Pruned, SessionCost } from "../../retention.ts"
import { ageOf } from "../age.ts"
import { confirmed } from "../ask.ts"
import { defineCommand } from "../command.ts"
import { pruneWorktrees } from "../prune-worktrees.ts"
import { usage } from "../refusal.ts"
import { bytesIn, cropped, oneLine, table } from "../terminal.ts"
import { whichSession } from "../which-session.ts"
import { withPlane } from "../with-plane.ts"

export const prune = defineCommand({
  name: "prune",
  summary: "deletes old sessions: their streams, logs and rows",
  positionals: ["[ID...]"],
  flags: {
    "older-than": { type: "string", value: "AGE", help: "nothing happened for so long: 12h, 30d (30d), 8w" },
    worktrees: {
      type: "boolean",
      help: "only work trees, of any age, whose work is merged or pushed; sessions, branches and checkpoints stay",
    },
    "dry-run": { type: "boolean", help: "tell what would be deleted, and how much that is" },
    yes: { type: "boolean", short: "y", help: "do not ask" },
  },
  json: "print {dryRun, pruned: [{sessionId, title, updatedAt, streamBytes, fileBytes}], kept: [{sessionId, title, why}]}; with --worktrees {dryRun, removed, kept}",
  more: `
With IDs: these, whatever their age. One that is alive, waits for somebody or holds unsent events is kept. --worktrees --dry-run
lists each work tree with its size, and whether its work is merged, pushed or only there; what is only there always stays.`,
  async run({ values, positionals, json, io, deps }) {
    const olderThanMs = ageOf("--older-than", values["older-than"] ?? "30d")
    return await withPlane(deps, async (plane) => {
      const sessionIds = positionals.length === 0 ? undefined : await allOf(plane, positionals)
      if (values.worktrees === true)
        return await pruneWorktrees(
          plane,
          { sessionIds, dryRun: values["dry-run"] === true },
          { io, json, yes: values.yes === true },
        )
      const request = { olderThanMs, sessionIds }
      const plan = await plane.prune({ ...request, dryRun: true })
      const asks = values["dry-run"] !== true && values.yes !== true && plan.pruned.length > 0
      if (!json) io.stdout.write(sheet(plan))
      if (asks && (json || io.stdin.isTTY !== true))
        throw usage("Deleting cannot be undone: add --yes, or --dry-run to only look.")
      if (asks && !(await confirmed(io, `Delete ${countOf(plan.pruned.length)} for good?`))) return 1
      const done = values["dry-run"] === true ? plan : await plane.prune({ ...request, dryRun: false })
      if (json) io.stdout.write(`${JSON.stringify(done)}\n`)
      else if (!done.dryRun && plan.pruned.length > 0)
        io.stdout.write(
          `${countOf(done.pruned.length)} deleted, ${bytesIn(total(done.pruned))}. The store uses the room again; \`agentz streams --compact\` gives it back to the disk.\n`,
        )
      return 0
    })
  },
})

async function allOf(plane: ControlPlane, given: readonly string[]): Promise<SessionId[]> {
  const ids: SessionId[] = []
  for (const one of given) ids.push(await whichSession(plane, one))
  return ids
}

const countOf = (count: number): string => (count === 1 ? "1 session" : `${count} sessions`)

const total = (costs: readonly SessionCost[]): number =>
  costs.reduce((sum, { streamBytes, fileBytes }) => sum + streamBytes + fileBytes, 0)

function sheet({ pruned, kept, dryRun }: Pruned): string {
  const rows = pruned.map((one) => [
    one.sessionId,
    one.updatedAt.slice(0, 10),
    bytesIn(total([one])),
    cropped(oneLine(one.title), 48),
  ])
  const stays = kept.map(({ sessionId, why }) => `${sessionId} stays: ${why}.\n`).join("")
  if (pruned.length === 0) return `${stays}There is nothing to delete.\n`
  const sum = `${countOf(pruned.length)}, ${bytesIn(total(pruned))}${dryRun ? " would go" : ""}.\n`
  return `${table([["ID", "LAST SIGN", "SIZE", "TITLE"], ...rows], 200)}${stays}${sum}`
}

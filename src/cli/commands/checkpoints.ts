import type { CheckpointMark } from "#streams/session"
import { defineCommand } from "../command.ts"
import { usage } from "../refusal.ts"
import { clean, oneLine, painter, table } from "../terminal.ts"
import { whichSession } from "../which-session.ts"
import { withPlane } from "../with-plane.ts"

export const checkpoints = defineCommand({
  name: "checkpoints",
  summary: "lists the moments at which a session's files were kept",
  positionals: ["ID"],
  flags: {
    take: { type: "boolean", help: "keep the files as they are now" },
    note: { type: "string", value: "TEXT", help: "what to say of it, with --take" },
  },
  json: "print {checkpoints} as JSON; with --take {n, commit, tree}",
  more: "They are taken before a session's first turn and after each turn that changed something.",
  async run({ values, positionals: [id = ""], json, io, deps }) {
    if (values.note !== undefined && values.take !== true) throw usage("--note goes with --take.")
    return await withPlane(deps, async (plane) => {
      const sessionId = await whichSession(plane, id)
      if (values.take === true) {
        const taken = await plane.checkpoint({ sessionId, note: values.note })
        io.stdout.write(json ? `${JSON.stringify(taken)}\n` : `Checkpoint ${taken.n} is taken.\n`)
        return 0
      }
      const listed = await plane.checkpoints(sessionId)
      if (json) io.stdout.write(`${JSON.stringify(listed)}\n`)
      else if (listed.checkpoints.length === 0)
        io.stdout.write(
          `${sessionId} has no checkpoints yet: the first is taken when its first turn begins.\n`,
        )
      else {
        const paint = painter(io.stdout, io)
        const head = ["N", "TAKEN", "TURN", "FILES", "LINES", "WHY"].map((word) => paint("bold", word))
        io.stdout.write(table([head, ...listed.checkpoints.map(rowOf)], io.stdout.columns))
      }
      return 0
    })
  },
})

const WHY: Readonly<Record<CheckpointMark["when"], string>> = {
  before_turn: "before a turn",
  after_turn: "after the turn",
  asked: "asked for",
  before_restore: "before files were put back",
  restored: "files were put back",
}

const rowOf = ({ n, at, turn, changed, when, note, leftOut }: CheckpointMark): readonly string[] => [
  String(n),
  clean(at.slice(0, 19).replace("T", " ")),
  String(turn),
  String(changed.files),
  `+${changed.added} -${changed.removed}`,
  `${note === undefined ? WHY[when] : oneLine(note)}${leftOut ? ` (${leftOut.count} left out)` : ""}`,
]

import { Moment } from "#streams/file-change"
import { defineCommand } from "../command.ts"
import { fileSheet } from "../file-sheet.ts"
import { usage } from "../refusal.ts"
import { clean, type Paint, painter } from "../terminal.ts"
import { whichSession } from "../which-session.ts"
import { withPlane } from "../with-plane.ts"

export const diff = defineCommand({
  name: "diff",
  summary: "shows what became of a session's files",
  positionals: ["ID", "[PATH]"],
  flags: {
    from: { type: "string", value: "M", help: "since when (base): a checkpoint's number, base, head, now" },
    to: { type: "string", value: "M", help: "until when (now)" },
    turn: { type: "string", value: "N", help: "only what this turn did; the first one is 1" },
    stat: { type: "boolean", help: "only name the files" },
  },
  json: "print {from, to, files: [{path, from?, status, added, removed}], patch, truncated} as JSON; with --stat without patch",
  more: "base is what was checked out when the session began, head what is checked out. For `git apply` take `patch` of --json.",
  async run({ values, positionals: [id = "", path], json, io, deps }) {
    const between = { from: momentOf("from", values.from), to: momentOf("to", values.to) }
    const turn = values.turn === undefined ? undefined : Number(values.turn)
    if (turn !== undefined && !(Number.isInteger(turn) && turn > 0))
      throw usage(`--turn is “${values.turn}”: give the number of a turn; the first one is 1.`)
    return await withPlane(deps, async (plane) => {
      const request = { sessionId: await whichSession(plane, id), ...between, turn, path }
      const { patch, truncated, ...found } = await plane.diff(request)
      const paint = painter(io.stdout, io)
      if (json)
        io.stdout.write(`${JSON.stringify(values.stat === true ? found : { ...found, patch, truncated })}\n`)
      else if (found.files.length === 0) io.stdout.write("Nothing differs.\n")
      else if (values.stat === true || truncated) io.stdout.write(fileSheet(found.files, paint))
      else io.stdout.write(io.stdout.isTTY ? coloured(clean(patch), paint) : patch)
      if (truncated && values.stat !== true)
        io.stderr.write("That is too much to show at once: name a file or a folder.\n")
      return 0
    })
  },
})

function momentOf(flag: string, given: string | undefined): Moment | undefined {
  if (given === undefined) return undefined
  const moment = Moment.safeParse(/^\d+$/.test(given) ? Number(given) : given)
  if (moment.success) return moment.data
  throw usage(`--${flag} is “${given}”: give a checkpoint's number, base, head or now.`)
}

const coloured = (patch: string, paint: Paint): string =>
  patch
    .split("\n")
    .map((line) => {
      if (/^(diff|index|---|\+\+\+) /.test(line)) return paint("bold", line)
      if (line.startsWith("@@")) return paint("cyan", line)
      return line.startsWith("+") ? paint("green", line) : line.startsWith("-") ? paint("red", line) : line
    })
    .join("\n")

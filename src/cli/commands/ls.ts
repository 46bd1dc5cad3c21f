import { closest } from "#streams/closest"
import type { RegistryEntry } from "#streams/registry"
import { STATUSES, type Status } from "#streams/session"
import type { SessionCost } from "../../retention.ts"
import { storageSentence } from "../../storage.ts"
import { ageOf, limitWords } from "../clock.ts"
import { defineCommand } from "../command.ts"
import { countFlag } from "../count-flag.ts"
import { usage } from "../refusal.ts"
import { bytesIn, cropped, oneLine, type Paint, painter, type Style, table } from "../terminal.ts"
import { withPlane } from "../with-plane.ts"

export const ls = defineCommand({
  name: "ls",
  summary: "lists sessions",
  positionals: [],
  flags: {
    status: { type: "string", value: "S", help: `only those: ${STATUSES.join(", ")}` },
    limit: { type: "string", value: "N", help: "at most so many (100)" },
    size: { type: "boolean", help: "also what each takes on the disk; reads all of it" },
  },
  json: "print {sessions, offset, cursor?} as JSON; with --size also sizes: [{sessionId, streamBytes, fileBytes}]",
  async run({ values, json, io, deps }) {
    const request = { status: statusOf(values.status), limit: countFlag("limit", values.limit) }
    return await withPlane(deps, async (plane) => {
      const page = await plane.listSessions(request)
      const sizes =
        values.size === true ? await plane.sizes(page.sessions.map(({ sessionId }) => sessionId)) : null
      if (json) io.stdout.write(`${JSON.stringify({ ...page, ...(sizes && { sizes }) })}\n`)
      else if (page.sessions.length === 0)
        io.stdout.write(
          request.status === undefined
            ? 'No sessions yet: agentz run "…" starts one.\n'
            : `No session is ${request.status}.\n`,
        )
      else {
        io.stdout.write(
          sheet(page.sessions, { now: deps.now(), sizes, width: widthOf(io), paint: painter(io.stdout, io) }),
        )
        if (page.cursor !== undefined)
          io.stdout.write(`There are more: agentz ls --limit ${request.limit * 10}\n`)
      }
      const storage = json ? "" : storageSentence(await plane.storage())
      if (storage !== "") io.stderr.write(`${storage}\n`)
      return 0
    })
  },
})

const widthOf = ({ stdout }: { stdout: { isTTY: boolean; columns: number } }) =>
  stdout.isTTY ? Math.max(40, stdout.columns) : 200

function statusOf(given: string | undefined): Status | undefined {
  const status = STATUSES.find((one) => one === given)
  if (given === undefined || status !== undefined) return status
  const guess = closest(given, STATUSES)
  throw usage(
    `There is no status “${given}”. ${guess ? `Did you mean ${guess}?` : `It is one of ${STATUSES.join(", ")}.`}`,
  )
}

const STYLES: Record<Status, Style> = {
  starting: "cyan",
  running: "cyan",
  waiting: "yellow",
  completed: "green",
  failed: "red",
  cancelled: "dim",
  interrupted: "red",
}

function sheet(
  sessions: readonly RegistryEntry[],
  {
    now,
    sizes,
    width,
    paint,
  }: { now: number; sizes: readonly SessionCost[] | null; width: number; paint: Paint },
): string {
  const sizeOf = new Map(sizes?.map((one) => [one.sessionId, bytesIn(one.streamBytes + one.fileBytes)]))
  const titleWidth = Math.max(12, Math.min(32, width - 50))
  const rows = sessions.map((entry) => [
    entry.sessionId,
    entry.status,
    entry.agentType,
    cropped(oneLine(entry.title), titleWidth),
    ageOf(entry.createdAt, now),
    ...(sizes ? [sizeOf.get(entry.sessionId) ?? ""] : []),
    entry.activity?.limit ? limitWords(entry.activity.limit) : oneLine(entry.activity?.lastLine ?? ""),
  ])
  const [head = "", ...lines] = table(
    [["ID", "STATUS", "AGENT", "TITLE", "AGE", ...(sizes ? ["SIZE"] : []), "LAST LINE"], ...rows],
    width,
  )
    .trimEnd()
    .split("\n")
  const coloured = lines.map((line, index) => {
    const status = sessions[index]?.status
    return status === undefined ? line : line.replace(` ${status} `, ` ${paint(STYLES[status], status)} `)
  })
  return `${[paint("dim", head), ...coloured].join("\n")}\n`
}

import type { ControlPlane, SearchHit, SearchResult } from "../../plane.ts"
import { defineCommand } from "../command.ts"
import { countFlag } from "../count-flag.ts"
import type { Io } from "../io.ts"
import { usage } from "../refusal.ts"
import { cropped, oneLine, type Paint, painter } from "../terminal.ts"
import { withPlane } from "../with-plane.ts"

const LIMIT = 20
const MOST = 500

export const search = defineCommand({
  name: "search",
  summary: "finds words in all sessions",
  positionals: ["WORDS..."],
  flags: { limit: { type: "string", value: "N", help: `at most so many places (${LIMIT})` } },
  json: "print {hits: [{sessionId, title, seq, at, type, text, ranges}], searched, total, unread, cursor?} as JSON",
  more: `
agentz search retry timer      what holds both words, whatever their case
agentz search '"retry timer"'  what holds them together

It looks through what was said, tool calls and what they gave, archived sessions too, the newest session first.
A tool's output is searched as far as the transcript has it.`,
  async run({ values, positionals, json, io, deps }) {
    const limit = countFlag("limit", values.limit, { otherwise: LIMIT, most: MOST })
    const query = positionals.join(" ").trim()
    if (query === "" || query.length > 200) throw usage("WORDS have 1 to 200 characters.")
    return await withPlane(deps, async (plane) => {
      const found = await searchAll(plane, { query, limit }, io)
      if (json) io.stdout.write(`${JSON.stringify(found)}\n`)
      else io.stdout.write(`${sheet(found.hits, io)}${summaryOf(found, limit)}\n`)
      return 0
    })
  },
})

/** Goes on until enough is found or all was searched; a person at a terminal sees how far it is. */
async function searchAll(
  plane: ControlPlane,
  { query, limit }: { readonly query: string; readonly limit: number },
  { stderr }: Io,
): Promise<SearchResult> {
  const hits: SearchHit[] = []
  const unread = new Set<SearchResult["unread"][number]>()
  let cursor: string | undefined
  for (;;) {
    const page = await plane.search({ query, limit: limit - hits.length, cursor })
    hits.push(...page.hits)
    for (const sessionId of page.unread) unread.add(sessionId)
    cursor = page.cursor
    if (cursor === undefined || hits.length >= limit) return { ...page, hits, unread: [...unread] }
    if (stderr.isTTY) stderr.write(`Searched ${page.searched} of ${page.total} sessions…\n`)
  }
}

function sheet(hits: readonly SearchHit[], { stdout, terminal }: Io): string {
  const paint = painter(stdout, { terminal })
  const width = stdout.isTTY ? Math.max(40, stdout.columns) : 200
  return hits
    .map((hit, index) => {
      const heading = `${hit.sessionId}  ${paint("bold", cropped(oneLine(hit.title), width - 20))}\n`
      const line = `  ${paint("dim", `#${hit.seq}`.padEnd(6))} ${highlighted(hit, paint)}\n`
      return hits[index - 1]?.sessionId === hit.sessionId ? line : `${index > 0 ? "\n" : ""}${heading}${line}`
    })
    .join("")
}

function highlighted({ text, ranges }: SearchHit, paint: Paint): string {
  let line = ""
  let at = 0
  for (const [from, to] of ranges) {
    line += `${shown(text.slice(at, from))}${paint("yellow", shown(text.slice(from, to)))}`
    at = to
  }
  return line + shown(text.slice(at))
}

/** On one line, with the spaces at its ends, which stand between it and its neighbours. */
const shown = (text: string): string => oneLine(`|${text}|`).slice(1, -1)

function summaryOf({ hits, searched, total, unread, cursor }: SearchResult, limit: number): string {
  const lost = unread.length === 0 ? "" : ` ${unread.length} could not be read: ${unread.join(", ")}.`
  if (total === 0) return 'No sessions yet: agentz run "…" starts one.'
  const nothing = hits.length === 0 ? "Nothing found. " : ""
  const more =
    cursor === undefined ? "" : ` There may be more: agentz search --limit ${Math.min(MOST, limit * 5)} …`
  return `${nothing}Searched ${searched} of ${total} sessions.${lost}${more}`
}

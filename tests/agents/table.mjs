/** The table of docs/agents.md, from what the suite found out. */
import { existsSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"

const PAGE = "docs/agents.md"
const [BEGIN, END] = ["<!-- matrix -->", "<!-- /matrix -->"]
const ORDER = ["claude", "codex", "opencode", "gemini", "openai-compatible", "demo"]

export function writeTable(results) {
  const agents = ORDER.map((type) => join(results, `${type}.json`))
    .filter((file) => existsSync(file))
    .map((file) => JSON.parse(readFileSync(file, "utf8")))
  const page = readFileSync(PAGE, "utf8")
  const before = page.slice(0, page.indexOf(BEGIN) + BEGIN.length)
  const after = page.slice(page.indexOf(END))
  writeFileSync(PAGE, `${before}\n\n${tableOf(agents)}\n\n${notesOf(agents)}\n${after}`)
}

const titles = (agents) => [...new Set(agents.flatMap(({ rows }) => rows.map(({ title }) => title)))]

function tableOf(agents) {
  const head = ["", ...agents.map(({ title }) => title)]
  const versions = [
    "tested",
    ...agents.map(({ versions }) =>
      Object.entries(versions)
        .map(([name, version]) => `${name} ${version}`)
        .join(", "),
    ),
  ]
  const rows = titles(agents).map((title) => [
    title,
    ...agents.map((agent) => {
      const row = agent.rows.find((one) => one.title === title)
      if (!row) return "not run"
      return row.works ? ["yes", row.note].filter(Boolean).join(": ") : row.failed ? "**failed**" : "no"
    }),
  ])
  return aligned([head, versions, ...rows])
}

/** Why not, once for each reason. */
function notesOf(agents) {
  const notes = agents.flatMap(({ title, rows }) =>
    rows.filter(({ works, note }) => !works && note).map((row) => `- ${title}, “${row.title}”: ${row.note}.`),
  )
  return notes.length === 0 ? "" : `What is marked “no”, and why:\n\n${notes.join("\n")}\n`
}

function aligned(rows) {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length), 3))
  const line = (cells) => `| ${cells.map((cell, column) => cell.padEnd(widths[column])).join(" | ")} |`
  return [line(rows[0]), line(widths.map((width) => "-".repeat(width))), ...rows.slice(1).map(line)].join(
    "\n",
  )
}

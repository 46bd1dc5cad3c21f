/** A transcript as text: to be searched, copied and kept. Pure. */
import { noteHead } from "#streams/note"
import { textsOf } from "#streams/search"
import type { Item } from "#streams/session"
import { shownInput } from "./tool-input.ts"

export interface Found {
  readonly key: string
  readonly seq: number
  readonly type: Item["type"]
  /** The words around the first match, in one line, and where in them the match is. */
  readonly excerpt: string
  readonly from: number
  readonly to: number
}

const AROUND = 60

/** The items that hold a text, whatever its case, in order. */
export function findItems(items: Iterable<Item>, query: string, most = 500): Found[] {
  const wanted = query.trim().toLowerCase()
  const found: Found[] = []
  if (wanted === "") return found
  for (const item of items) {
    const text = textsOf(item).join("\n")
    const at = text.toLowerCase().indexOf(wanted)
    if (at < 0) continue
    const start = Math.max(0, at - AROUND)
    const before = oneLine(text.slice(start, at))
    const match = oneLine(text.slice(at, at + wanted.length))
    const after = oneLine(text.slice(at + wanted.length, at + wanted.length + AROUND))
    const lead = start > 0 ? "…" : ""
    const from = lead.length + before.length
    found.push({
      key: item.key,
      seq: item.seq,
      type: item.type,
      excerpt: lead + before + match + after,
      from,
      to: from + match.length,
    })
    if (found.length === most) break
  }
  return found
}

const oneLine = (text: string): string => text.replace(/\s+/g, " ")

/** A fence that nothing inside of it closes. */
function fenced(text: string, language = ""): string {
  const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map(([run]) => run.length))
  const fence = "`".repeat(longest + 1)
  return `${fence}${language}\n${text.replace(/\n$/, "")}\n${fence}`
}

const quoted = (text: string): string => text.replace(/^/gm, "> ")

/** The transcript as Markdown: what was said as it was said, what was done in fences. */
export function markdownOf(
  head: { readonly title: string; readonly agentType: string | null; readonly workingDir: string | null },
  items: Iterable<Item>,
): string {
  const parts = [`# ${oneLine(head.title)}`]
  if (head.agentType || head.workingDir)
    parts.push([head.agentType, head.workingDir && `\`${head.workingDir}\``].filter(Boolean).join(" · "))
  for (const item of items) {
    const part = markdownOfItem(item)
    if (part !== "") parts.push(part)
  }
  return `${parts.join("\n\n")}\n`
}

function markdownOfItem(item: Item): string {
  switch (item.type) {
    case "user":
      return `## You\n\n${item.text}`
    case "message":
      return item.text
    case "thought":
      return quoted(`*Thought*\n\n${item.text}`)
    case "tool": {
      const input = shownInput(item.input)
      const done = item.interrupted ? "cut off" : item.status === "completed" ? "" : item.status
      const parts = [`**${oneLine(item.title)}**${done && ` (${done})`}`]
      if (input) parts.push(fenced(input.text, input.kind === "command" ? "sh" : ""))
      for (const content of item.content)
        parts.push(
          content.type === "text"
            ? fenced(content.text)
            : `${content.oldText === null ? "New file" : "Changed"} \`${content.path}\`\n\n${fenced(content.newText)}`,
        )
      if (item.output !== "") parts.push(fenced(item.output))
      return parts.join("\n\n")
    }
    case "permission":
      return `*${item.decision === null ? "Asked" : `Asked, answered ${item.decision}`}: ${oneLine(item.request.title)}*`
    case "notice":
      return `*${item.title}*`
    case "note":
      return quoted(
        [
          `*${noteHead(item)}*`,
          item.text,
          ...(item.data === undefined ? [] : [JSON.stringify(item.data)]),
        ].join("\n\n"),
      )
    case "turn_end":
      return item.error ? `*The turn failed: ${item.error.message}*` : "---"
  }
}

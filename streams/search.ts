/** What is looked for across sessions, and where in what was said it is. Pure. */
import type { Item } from "./session.ts"
import { toolInput } from "./tool-input.ts"

/** All that can be read of an item, part by part. */
export function textsOf(item: Item): readonly string[] {
  switch (item.type) {
    case "user":
    case "message":
    case "thought":
      return [item.text]
    case "tool":
      return [
        item.title,
        toolInput(item.input)?.text ?? "",
        item.output,
        ...item.content.map((part) => (part.type === "text" ? part.text : `${part.path}\n${part.newText}`)),
      ]
    case "permission":
      return [item.request.title]
    case "notice":
      return [item.title]
    case "note":
      return [item.text, item.data === undefined ? "" : JSON.stringify(item.data)]
    case "turn_end":
      return item.error ? [`${item.error.message} ${item.error.code}`] : []
  }
}

/** The words of a search, whatever their case. All have to be in an item, in any order. */
export type Wanted = readonly RegExp[]

/** Words, and "words in quotes" that have to stand together; none where the query says nothing. */
export function wantedOf(query: string): Wanted {
  const words = [...query.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, word]) =>
    (quoted ?? word ?? "").trim(),
  )
  return words.filter((word) => word !== "").map((word) => new RegExp(patternOf(word), "iu"))
}

const patternOf = (words: string): string =>
  words
    .split(/\s+/)
    .map((word) => word.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&"))
    .join("\\s+")

export interface Excerpt {
  /** The words around the first match, in one line. */
  readonly text: string
  /** Where in it the wanted words are: from and to, in order, without overlap. */
  readonly ranges: readonly (readonly [from: number, to: number])[]
}

/** UTF-16 units that are shown before and after a match. */
const BEFORE = 60
const AFTER = 160

/** `null` where a wanted word is in none of the texts, or nothing is wanted. */
export function excerptOf(texts: readonly string[], wanted: Wanted): Excerpt | null {
  let first: Place | null = null
  for (const word of wanted) {
    const place = placeOf(texts, word)
    if (place === null) return null
    if (first === null || place.part < first.part || (place.part === first.part && place.from < first.from))
      first = place
  }
  return first && around(texts[first.part] ?? "", first, wanted)
}

interface Place {
  readonly part: number
  readonly from: number
  readonly to: number
}

function placeOf(texts: readonly string[], word: RegExp): Place | null {
  for (const [part, text] of texts.entries()) {
    const match = word.exec(text)
    if (match) return { part, from: match.index, to: match.index + match[0].length }
  }
  return null
}

function around(text: string, { from, to }: Place, wanted: Wanted): Excerpt {
  const [start, end] = [Math.max(0, from - BEFORE), Math.min(text.length, to + AFTER)]
  const words = text.slice(start, end).replace(HALVES, "").replace(/\s+/g, " ").trim()
  const line = `${start > 0 ? "…" : ""}${words}${end < text.length ? "…" : ""}`
  return { text: line, ranges: rangesIn(line, wanted) }
}

/** Halves of a character that was cut in two. */
const HALVES = /^[\udc00-\udfff]|[\ud800-\udbff]$/g

function rangesIn(line: string, wanted: Wanted): Excerpt["ranges"] {
  const found = wanted
    .flatMap((word) => [...line.matchAll(new RegExp(word, "giu"))])
    .map((match): [number, number] => [match.index, match.index + match[0].length])
    .sort(([a], [b]) => a - b)
  const ranges: [number, number][] = []
  for (const [from, to] of found) {
    const last = ranges.at(-1)
    if (last && from <= last[1]) last[1] = Math.max(last[1], to)
    else ranges.push([from, to])
  }
  return ranges
}

/** A line of a log as it is shown: what our own processes write is JSON, what crashes or an agent says need not be. */
import { z } from "zod"

const Fields = z.looseObject({ at: z.string() })

export interface LogLine {
  /** `null`: what wrote it did not say when; it belongs to the line before. */
  readonly at: string | null
  /** What happened and whatever helps to understand it; `null` for plain text. */
  readonly fields: Readonly<Record<string, unknown>> | null
  readonly text: string
}

export function parseLogLine(text: string): LogLine {
  try {
    const { at, ...fields } = Fields.parse(JSON.parse(text))
    return { at, fields, text }
  } catch {
    return { at: null, fields: null, text }
  }
}

/** `event key=value …`; the caller makes it fit for a terminal. */
export function wordsOf({ fields, text }: LogLine): string {
  if (fields === null) return text
  const { event, level, ...rest } = fields
  const pairs = Object.entries(rest).map(
    ([key, value]) => `${key}=${typeof value === "string" ? value : JSON.stringify(value)}`,
  )
  return [level === undefined ? "" : String(level), String(event ?? ""), ...pairs].filter(Boolean).join(" ")
}

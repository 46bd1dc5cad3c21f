import { joinJson } from "../body.ts"

const [OPEN, CLOSE] = [Buffer.from("["), Buffer.from("]")]

/** Records as one body: a JSON array of all their messages, or their bytes in a row. */
export function formatRun(json: boolean, payloads: readonly Buffer[]): Buffer {
  return json ? Buffer.concat([OPEN, joinJson(payloads), CLOSE]) : Buffer.concat(payloads)
}

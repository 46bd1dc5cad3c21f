/**
 * Ids that say where they belong. A transcript has no field for the name of a tool or the step a call was made
 * in, and an agent that rebuilds its memory from the transcript needs both: so its ids carry them.
 */
const LETTERS = "23456789abcdefghjkmnpqrstuvwxyz"

/** Tells the ids of one prompt from those of every other. */
export const newNonce = (): string =>
  Array.from(crypto.getRandomValues(new Uint8Array(8)), (byte) => LETTERS[byte % LETTERS.length]).join("")

export interface CallId {
  readonly tool: string
  /** Of the prompt in which the call was first made. */
  readonly nonce: string
  readonly step: number
  /** Its place among the calls of that step. */
  readonly call: number
  /** Counts from 0; a call that is made again after an interruption keeps the rest. */
  readonly attempt: number
}

export const callIdOf = ({ tool, nonce, step, call, attempt }: CallId): string =>
  `${tool}_${nonce}_s${step}_c${call}_r${attempt}`

export function parseCallId(id: string): CallId | null {
  const [, tool, nonce, step, call, attempt] = /^(.+)_([a-z0-9]+)_s(\d+)_c(\d+)_r(\d+)$/.exec(id) ?? []
  if (!tool || !nonce) return null
  return { tool, nonce, step: Number(step), call: Number(call), attempt: Number(attempt) }
}

export const messageIdOf = (nonce: string, step: number): string => `text_${nonce}_s${step}`

/** The step in which a text was said, from its id or from the key of its transcript item. */
export function stepOfMessage(idOrKey: string): number | null {
  const [, step] = /^text_[a-z0-9]+_s(\d+)(?:\/|$)/.exec(idOrKey) ?? []
  return step === undefined ? null : Number(step)
}

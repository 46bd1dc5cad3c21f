/**
 * The output of one call. A little of it is told as it comes; when there is more than an event has room for, its
 * beginning and end are told now and then, and all of it goes into a blob at the end.
 */
import { BLOB_LIMIT_BYTES, type Blob } from "#streams/blob"
import type { BlobRef } from "#streams/event"
import type { SessionId } from "#streams/ids"
import { blobOf } from "../blob-of.ts"
import { OUTPUT_LENGTH, shorten } from "./fit.ts"

export interface OutputFields {
  readonly output?: string
  readonly appendOutput?: string
  readonly outputTruncated?: true
  readonly outputBlob?: BlobRef
}

export class CallOutput {
  #text = ""
  #bytes = 0
  /** Characters that came after the blob was full. */
  #lost = 0
  #tail = ""
  /** What of it is told, when it is told as it is. `null` once it is shortened. */
  #told: number | null = 0
  /** How much there must be before a shortened output is told again: it doubles, so that telling stays cheap. */
  #next = 0

  get #length(): number {
    return this.#text.length + this.#lost
  }

  append(more: string): OutputFields {
    if (more === "") return {}
    this.#keep(more)
    if (this.#told !== null && this.#length <= OUTPUT_LENGTH) {
      this.#told = this.#length
      return { appendOutput: more }
    }
    if (this.#told === null && this.#length < this.#next) return {}
    return this.#shortened()
  }

  /** All of it anew. What was told already is not told again. */
  replace(whole: string): OutputFields {
    if (this.#lost === 0 && whole === this.#text) return {}
    if (this.#lost === 0 && this.#text !== "" && whole.startsWith(this.#text))
      return this.append(whole.slice(this.#text.length))
    this.#text = ""
    this.#bytes = 0
    this.#tail = ""
    this.#lost = 0
    this.#told = 0
    this.#keep(whole)
    if (this.#length > OUTPUT_LENGTH) return this.#shortened()
    this.#told = this.#length
    return { output: whole }
  }

  /** The last word on it, with the blob that has all of it where the events have not. */
  end(sessionId: SessionId): { readonly fields: OutputFields; readonly blob: Blob | null } {
    if (this.#told !== null) return { fields: {}, blob: null }
    const { ref, bytes } = blobOf(sessionId, new TextEncoder().encode(this.#whole()))
    const blob = { ref: { ...ref, ...(this.#leftOut > 0 && { leftOut: this.#leftOut }) }, bytes }
    return { fields: { ...this.#shortened(), outputBlob: blob.ref }, blob }
  }

  #keep(more: string): void {
    const room = BLOB_BYTES - this.#bytes
    const bytes = Buffer.byteLength(more)
    if (bytes <= room) {
      this.#text += more
      this.#bytes += bytes
      return
    }
    // A character may take three bytes. What comes after it would not join: there is no more room.
    const kept = more.slice(0, Math.floor(room / 3))
    this.#text += kept
    this.#bytes = BLOB_BYTES
    const over = more.slice(kept.length)
    this.#lost += over.length
    this.#tail = (this.#tail + over).slice(-OUTPUT_LENGTH)
  }

  #shortened(): OutputFields {
    this.#told = null
    this.#next = 2 * this.#length
    return { output: shorten(this.#text, OUTPUT_LENGTH, this.#tail, this.#lost), outputTruncated: true }
  }

  get #leftOut(): number {
    return this.#lost - this.#tail.length
  }

  #whole(): string {
    if (this.#leftOut === 0) return this.#text + this.#tail
    const count = this.#leftOut.toLocaleString("en")
    return `${this.#text}\n… ${count} characters left out: a blob holds no more …\n${this.#tail}`
  }
}

/** With room for the end, whose characters may take three bytes each, and for what says how much is missing. */
const BLOB_BYTES = BLOB_LIMIT_BYTES - 4 * OUTPUT_LENGTH

/** Keeps the beginning and the end of a long text, whose middle is said to be missing. */
export class CappedText {
  readonly #half: number
  #head = ""
  #tail = ""
  #dropped = 0

  constructor(limit: number) {
    this.#half = Math.floor(limit / 2)
  }

  append(text: string): void {
    const room = this.#half - this.#head.length
    this.#head += text.slice(0, room)
    if (text.length <= room) return
    this.#tail += text.slice(Math.max(0, room))
    // Cut only now and then: every cut copies.
    if (this.#tail.length > 4 * this.#half) this.#cut()
  }

  toString(): string {
    this.#cut()
    if (this.#dropped === 0) return this.#head + this.#tail
    return `${this.#head}\n[… output truncated: ${this.#dropped} characters left out …]\n${this.#tail}`
  }

  #cut(): void {
    const excess = this.#tail.length - this.#half
    if (excess <= 0) return
    this.#dropped += excess
    this.#tail = this.#tail.slice(excess)
  }
}

/** What a tool may say: enough to work with, not enough to fill a conversation. */
export const OUTPUT_LIMIT = 64 * 1024

/** What is kept of it for a person: as much as a blob holds, were each character three bytes. */
export const WHOLE_LIMIT = 5 * 1024 * 1024

export function capped(text: string, limit = OUTPUT_LIMIT): string {
  const result = new CappedText(limit)
  result.append(text)
  return result.toString()
}

import type { Draft } from "./draft.ts"

/** One change on its way: run in a draft, then told its outcome, once that is durable or will never be. */
export interface Operation {
  /** Bytes it adds, roughly: transactions are kept small. */
  readonly weight: number
  /** It only frees space, and is let through on a full disk. */
  readonly frees: boolean
  /** Changes the draft, and keeps what came of it. Never throws. */
  run(draft: Draft): void
  /** What `run` found is durable. */
  settle(): void
  /** It was not done. */
  reject(error: unknown): void
}

export interface Size {
  readonly bytes?: number
  readonly frees?: boolean
}

/** Any change, for callers who wait for a promise. */
export class Change<T> implements Operation {
  readonly weight: number
  readonly frees: boolean
  readonly done: Promise<T>
  readonly #change: (draft: Draft) => T
  #resolve: (result: T) => void = () => undefined
  #reject: (error: unknown) => void = () => undefined
  #outcome: { readonly result: T } | { readonly error: unknown } | null = null

  constructor(change: (draft: Draft) => T, size: Size) {
    this.#change = change
    this.weight = size.bytes ?? 0
    this.frees = size.frees ?? false
    this.done = new Promise<T>((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
  }

  run(draft: Draft): void {
    try {
      this.#outcome = { result: this.#change(draft) }
    } catch (error) {
      this.#outcome = { error }
    }
  }

  settle(): void {
    if (this.#outcome === null) this.#reject(new Error("a change that never ran cannot be durable"))
    else if ("error" in this.#outcome) this.#reject(this.#outcome.error)
    else this.#resolve(this.#outcome.result)
  }

  reject(error: unknown): void {
    this.#reject(error)
  }
}

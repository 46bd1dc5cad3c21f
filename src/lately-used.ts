/** Keeps so many values; the one that was asked for longest ago goes first. */
export interface LatelyUsed<Id, Value> {
  get(id: Id): Value | undefined
  /** It is the one used last from here on. */
  use(id: Id, value: Value): void
}

export function latelyUsed<Id, Value>(most: number): LatelyUsed<Id, Value> {
  const kept = new Map<Id, Value>()
  return {
    get: (id) => kept.get(id),
    use(id, value) {
      kept.delete(id)
      kept.set(id, value)
      for (const oldest of [...kept.keys()].slice(0, Math.max(0, kept.size - most))) kept.delete(oldest)
    },
  }
}

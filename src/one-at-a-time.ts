/** Remembers the newest value. Callers share reads, but never one that began before they asked. */
export function oneAtATime<Value>(read: (last: Value | null) => Promise<Value>): () => Promise<Value> {
  let last: Value | null = null
  let reading: Promise<Value> | null = null
  let queued: Promise<Value> | null = null
  const start = (): Promise<Value> => {
    reading = read(last)
      .then((value) => {
        last = value
        return value
      })
      .finally(() => {
        reading = null
      })
    return reading
  }
  return () => {
    if (!reading) return start()
    queued ??= reading
      .catch(() => undefined) // Its own callers hear of it; the next read tries for itself.
      .then(() => {
        queued = null
        return reading ?? start()
      })
    return queued
  }
}

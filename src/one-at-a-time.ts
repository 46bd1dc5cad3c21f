/** Remembers the newest value. Callers share reads, but never one that began before they asked. */
export function oneAtATime<Value, First = Value>(
  read: (last: Value | First) => Promise<Value>,
): (first: First) => Promise<Value> {
  let last: Value | null = null
  let reading: Promise<Value> | null = null
  let queued: Promise<Value> | null = null
  const start = (first: First): Promise<Value> => {
    reading = read(last ?? first)
      .then((value) => {
        last = value
        return value
      })
      .finally(() => {
        reading = null
      })
    return reading
  }
  return (first) => {
    if (!reading) return start(first)
    queued ??= reading
      .catch(() => undefined) // Its own callers hear of it; the next read tries for itself.
      .then(() => {
        queued = null
        return reading ?? start(first)
      })
    return queued
  }
}

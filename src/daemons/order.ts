/** Who waits for whom inside one process; between processes the grant decides. */

/** A counting lock: `take` waits for a free slot, disposing gives it back. */
export function slots(count: number) {
  let free = count
  const waiting: (() => void)[] = []
  const give = () => {
    const next = waiting.shift()
    if (next) next()
    else free += 1
  }
  return {
    async take(): Promise<Disposable> {
      if (free > 0) free -= 1
      else await new Promise<void>((resolve) => void waiting.push(resolve))
      return { [Symbol.dispose]: give }
    },
  }
}

/** One thing at a time per key, in the order in which they were asked for. */
export function oneByOne<Key>() {
  const last = new Map<Key, Promise<unknown>>()
  return <Result>(key: Key, work: () => Promise<Result>): Promise<Result> => {
    const before = last.get(key) ?? Promise.resolve()
    const result = before.then(work, work)
    last.set(key, result)
    const done = () => {
      if (last.get(key) === result) last.delete(key)
    }
    result.then(done, done)
    return result
  }
}

/** Sends at once where nothing was sent for `everyMs`, else when that time is over. */
export function flushSoon(send: () => void, everyMs: number): (() => void) & { now(): void } {
  let timer: ReturnType<typeof setTimeout> | undefined
  let sentAt = Number.NEGATIVE_INFINITY
  const now = () => {
    if (timer === undefined) return
    clearTimeout(timer)
    timer = undefined
    sentAt = performance.now()
    send()
  }
  return Object.assign(
    () => {
      timer ??= setTimeout(now, Math.max(0, sentAt + everyMs - performance.now()))
    },
    { now },
  )
}

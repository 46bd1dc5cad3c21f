/** The earliest of times, of which there may be none. */
export const soonest = (...times: readonly (number | null)[]): number | null => {
  const due = times.filter((time) => time !== null)
  return due.length === 0 ? null : Math.min(...due)
}

/** Times as a person at this machine reads them. */

const two = (number: number): string => String(number).padStart(2, "0")

/** `2026-11-25 15:04`, in local time; what is no time is shown as it is. */
function clockTime(iso: string): string {
  const date = new Date(iso)
  if (Number.isNaN(date.getTime())) return iso
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}`
}

/** Until when a session is held up, and what happens then. */
export function limitWords({
  until,
  resumes,
}: {
  readonly until: string | null
  readonly resumes: boolean
}): string {
  const time = until === null ? "nobody says until when" : `until ${clockTime(until)}`
  return resumes ? `waits ${time}, then goes on by itself` : `limited, ${time}`
}

/** Roughly, as people say it. */
export function ageOf(createdAt: string, now: number): string {
  const seconds = Math.max(0, Math.floor((now - Date.parse(createdAt)) / 1000))
  if (Number.isNaN(seconds)) return "?"
  if (seconds < 60) return `${seconds}s`
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m`
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)}h`
  return `${Math.floor(seconds / 86_400)}d`
}

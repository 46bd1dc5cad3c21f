/** Local storage, where reading and writing may fail (denied, full) and the page goes on. */

export function readStored(key: string): string | null {
  try {
    return localStorage.getItem(key)
  } catch {
    return null
  }
}

/** An empty value is forgotten. */
export function writeStored(key: string, value: string): void {
  try {
    if (value === "") localStorage.removeItem(key)
    else localStorage.setItem(key, value)
  } catch {
    // What cannot be kept lives as long as the page.
  }
}

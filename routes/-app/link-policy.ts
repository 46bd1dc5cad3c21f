/** Where a link in an agent's text may lead. */

const ALLOWED = new Set(["http:", "https:", "mailto:"])

/** The address as a browser reads it, or `null` where it must not be a link. Relative addresses lead nowhere. */
export function allowedHref(href: string | undefined): string | null {
  if (href === undefined) return null
  try {
    const url = new URL(href)
    return ALLOWED.has(url.protocol) ? url.href : null
  } catch {
    return null
  }
}

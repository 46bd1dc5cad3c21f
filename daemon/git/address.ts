/**
 * The address of a remote. A repository names it, and git runs programs for some: `ext::COMMAND` is one, `-oProxyCommand=…`
 * in the place of a host another. What is not plainly a path or a host is refused here, before git hears of it. Pure.
 */
import { isAbsolute, join } from "node:path"

export const PROTOCOLS = ["https", "ssh", "git", "file"] as const
/** As git names them: a path on this machine is `file`. */
export type Protocol = (typeof PROTOCOLS)[number]

export interface Address {
  readonly protocol: Protocol
  /** What git is told. It may hold a secret. */
  readonly url: string
  /** The same without a secret: to be shown, kept and compared. */
  readonly shown: string
}

export type AddressRead = Address | { readonly why: string }

const SCHEME = /^([a-z][a-z0-9+.-]*):\/\//i
/** `user@host:path`: the colon comes before any slash. */
const SHORT_SSH = /^(?:([\w.~+-]+)@)?([\w.-]+):(?!\/\/)(.+)$/
const HOST = /^(?:[a-z0-9_](?:[a-z0-9._-]*[a-z0-9_])?|\[[0-9a-f:.]+\])$/i
const USER = /^[\w.~+][\w.~+-]*$/

/** `base`: where a path that is not absolute begins. */
export function addressOf(given: string, base: string): AddressRead {
  const text = given.trim()
  if (text === "" || text.startsWith("-") || /\p{Cc}/u.test(text)) return { why: "it is no address" }
  if (/^[\w+.-]+::/.test(text)) return { why: "it names a program to be run" }
  const scheme = SCHEME.exec(text)?.[1]?.toLowerCase()
  if (scheme !== undefined) return ofScheme(scheme, text)
  const short = /^[^/]*:/.test(text) ? SHORT_SSH.exec(text) : null
  if (short !== null) {
    const [, user, host = ""] = short
    return isFit(user ?? "", host)
      ? { protocol: "ssh", url: text, shown: text }
      : { why: "its host is no name of a host" }
  }
  if (/^[^/]*:/.test(text)) return { why: "it is neither a path nor an address that is known here" }
  const path = isAbsolute(text) ? text : join(base, text)
  return { protocol: "file", url: path, shown: path }
}

function ofScheme(scheme: string, text: string): AddressRead {
  if (scheme === "file") {
    if (!/^file:\/\/\//i.test(text)) return { why: "it is no path on this machine" }
    return { protocol: "file", url: text, shown: text }
  }
  const known = PROTOCOLS.find((one) => one === scheme)
  if (known === undefined) return { why: `“${scheme}” is none of ${PROTOCOLS.join(", ")}` }
  // A URL is read more leniently here than by git: what both may read otherwise is refused.
  const url = /^[^:]+:\/\/[^/\\][^\\]*$/.test(text) && URL.canParse(text) ? new URL(text) : null
  if (url === null || !isFit(known === "ssh" ? decoded(url.username) : "", url.hostname))
    return { why: "its host is no name of a host" }
  const user = known === "ssh" && url.username !== "" ? `${url.username}@` : ""
  return { protocol: known, url: text, shown: `${known}://${user}${url.host}${url.pathname}` }
}

/** Neither may be taken for an option by a program that is started with it. */
const isFit = (user: string, host: string): boolean =>
  HOST.test(host) && (user === "" || USER.test(user)) && !host.startsWith("-")

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return "-"
  }
}

/** Whether it can be the name of a remote: git would take other names apart. */
export const isRemoteName = (name: string): boolean =>
  /^[A-Za-z0-9_][\w./-]{0,99}$/.test(name) &&
  !name.includes("..") &&
  !name.endsWith("/") &&
  !name.endsWith(".lock")

/** Where a remote has its pull requests: read from its address alone. Pure. */
import type { Address } from "#daemon/git/address"

export interface Forge {
  readonly host: string
  readonly owner: string
  readonly name: string
}

const WORD = "[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9_-])?"
const FORMS = [
  new RegExp(
    `^(?:https|ssh|git)://(?:[^@/]+@)?(?<host>[A-Za-z0-9.-]+)(?::\\d+)?/(?<owner>${WORD})/(?<name>${WORD})/?$`,
  ),
  new RegExp(`^(?:[^@/:]+@)?(?<host>[A-Za-z0-9.-]+):/?(?<owner>${WORD})/(?<name>${WORD})/?$`),
]

/** `null`: it is no repository of an owner at a host. */
export function forgeOf({ protocol, shown }: Pick<Address, "protocol" | "shown">): Forge | null {
  if (protocol === "file") return null
  const plain = shown.replace(/\.git\/?$/, "")
  for (const form of FORMS) {
    const { host, owner, name } = form.exec(plain)?.groups ?? {}
    if (host !== undefined && owner !== undefined && name !== undefined) return { host, owner, name }
  }
  return null
}

export const slugOf = ({ host, owner, name }: Forge): string => `${host}/${owner}/${name}`

/** Where a person makes one in a browser. */
export const byHandAt = ({ host, owner, name }: Forge, branch: string): string =>
  `https://${host}/${owner}/${name}/compare/${branch.split("/").map(encodeURIComponent).join("/")}?expand=1`

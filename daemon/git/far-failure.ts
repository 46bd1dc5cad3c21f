/** Why a remote was not reached, fit to be shown: without a secret, and with what to do. */
import type { Failure } from "#streams/event"
import { GitError } from "./git.ts"
import { mayComeBack, type RemoteTrouble, refsTold, troubleOf } from "./push-report.ts"
import { RemoteRefused } from "./remote.ts"

const HINTS: Record<RemoteTrouble, string> = {
  push_rejected: "Fetch what is there and merge it into the branch, or give the branch another name.",
  remote_auth_failed:
    "Nobody is asked for a password: set up a key or a credential helper, so that `git push` asks nothing.",
  remote_missing: "Make it there, or mend the address: `git remote set-url`.",
  remote_away: "It is tried again; the work goes on meanwhile.",
  push_failed: "The same by hand with git may tell more.",
}

const SENTENCES: Record<RemoteTrouble, string> = {
  push_rejected: "The remote did not take all of it",
  remote_auth_failed: "The remote does not let you in",
  remote_missing: "There is no repository at the remote's address",
  remote_away: "The remote is not reached",
  push_failed: "git could not do it",
}

/** `again`: it may go well later without anybody's doing. Throws what is no failure of git. */
export function farFailure(
  error: unknown,
  url: string | null,
): { readonly failure: Failure; readonly again: boolean } {
  if (error instanceof RemoteRefused) return { failure: error.failure, again: false }
  if (!(error instanceof GitError)) throw error
  const code = troubleOf(error)
  const refused = refsTold(error.said).filter(({ outcome }) => outcome === "refused")
  const told = refused.map(({ ref, reason }) => `${ref} ${reason}`).slice(0, 3)
  const detail = withoutSecrets(told.length > 0 ? told.join(", ") : lastLineOf(error.message))
  const message = `${SENTENCES[code]}${url === null ? "" : ` (${url})`}: ${detail}`
  return { failure: { code, message, hint: HINTS[code] }, again: mayComeBack(code) }
}

const lastLineOf = (text: string): string => text.trim().split("\n").slice(-2).join(" ").slice(0, 300)

/** git may quote an address with a password in it. */
const withoutSecrets = (text: string): string => text.replace(/:\/\/[^/@\s']*@/g, "://")

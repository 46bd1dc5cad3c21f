import { ExternalLink } from "lucide-react"
import { useState } from "react"
import type { SessionId } from "#streams/ids"
import { openApi } from "../../-app/api.ts"
import { plainText } from "../../-app/hidden-characters.ts"
import { allowedHref } from "../../-app/link-policy.ts"
import { toast } from "../../-app/toast.ts"

/** The branch of a session to the remote of its repository, and a pull request of it. */
export function Elsewhere(props: {
  readonly sessionId: SessionId
  readonly busy: boolean
  readonly act: (work: () => Promise<void>) => Promise<void>
}) {
  const { sessionId, busy, act } = props
  const [made, setMade] = useState<string | null>(null)
  const api = openApi(location.origin)
  const push = () =>
    act(async () => {
      const { branch, url } = await api.push({ sessionId })
      toast(`${plainText(branch)} is at ${plainText(url)}`)
    })
  const ask = () =>
    act(async () => {
      const { url } = await api.pullRequest({ sessionId })
      setMade(url)
    })
  const href = allowedHref(made ?? undefined)
  return (
    <section aria-label="Elsewhere" className="flex flex-wrap items-center gap-2 border-t border-line pt-3">
      <p className="mr-auto text-note text-quiet">Or leave it to others:</p>
      {href !== null && (
        <a className="control" href={href} target="_blank" rel="noopener noreferrer">
          Pull request <ExternalLink size={14} aria-hidden />
        </a>
      )}
      <button type="button" className="control" disabled={busy} onClick={() => void push()}>
        Push the branch
      </button>
      {href === null && (
        <button type="button" className="control" disabled={busy} onClick={() => void ask()}>
          Ask for a pull request
        </button>
      )}
    </section>
  )
}

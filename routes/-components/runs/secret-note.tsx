import { copyText } from "../../-app/clipboard.ts"
import { curlOf } from "../../-app/starters.ts"

export interface NewSecret {
  readonly address: string
  readonly secret: string
}

/** How a webhook is called. Nobody can tell its secret a second time. */
export function SecretNote({ secret: { address, secret } }: { readonly secret: NewSecret }) {
  const rows = [
    ["Address", address],
    ["Secret", secret],
    ["Try it", curlOf(address, secret)],
  ] as const
  return (
    <div role="status" className="flex flex-col gap-3">
      <p className="text-row text-needs">Copy the secret now: it is not shown again.</p>
      <dl className="flex flex-col gap-3 text-row">
        {rows.map(([name, text]) => (
          <div key={name}>
            <dt className="font-medium">{name}</dt>
            <dd className="mt-1 flex items-start gap-2">
              <code className="min-w-0 flex-1 rounded-md bg-sunken px-2 py-1.5 font-mono text-note [overflow-wrap:anywhere]">
                {text}
              </code>
              <button
                type="button"
                className="control"
                aria-label={`Copy: ${name}`}
                onClick={() => void copyText(text, name)}
              >
                Copy
              </button>
            </dd>
          </div>
        ))}
      </dl>
    </div>
  )
}

import { errorText } from "#streams/error-text"

/** A page that could not be drawn or loaded. Sessions are elsewhere and go on; trying again is safe. */
export function BrokenPage({ error, reset }: { readonly error: unknown; readonly reset: () => void }) {
  const message = errorText(error)
  const unreached = /import|fetch|load/i.test(message)
  return (
    <div className="mx-auto w-full max-w-xl px-4 py-16" role="alert">
      <h1 className="text-lg font-semibold">
        {unreached ? "This page could not be loaded" : "This page broke"}
      </h1>
      <p className="mt-2 text-quiet">
        {unreached
          ? "The agentz server does not answer. Your sessions go on and your drafts are kept."
          : "Your sessions go on and your drafts are kept. The error was:"}
      </p>
      {!unreached && <pre className="mt-2 font-mono text-note whitespace-pre-wrap">{message}</pre>}
      <div className="mt-6 flex gap-2">
        <button type="button" className="control" onClick={unreached ? () => location.reload() : reset}>
          Try again
        </button>
      </div>
    </div>
  )
}

import { retryNow } from "../-app/live.ts"

/** The cookie is missing or no longer valid. It can only be had from a terminal of this machine, on purpose. */
export function SignedOut() {
  return (
    <div className="mx-auto w-full max-w-xl px-4 py-16">
      <h1 className="text-lg font-semibold">You are signed out</h1>
      <p className="mt-2 text-soft">
        Run <code className="rounded bg-sunken px-1.5 py-0.5 font-mono text-row">agentz up</code> in a
        terminal for a fresh link, and open that link in this browser.
      </p>
      <p className="mt-2 text-quiet">Sessions go on meanwhile, and drafts are kept.</p>
      <button type="button" className="control mt-6" onClick={retryNow}>
        Try again
      </button>
    </div>
  )
}

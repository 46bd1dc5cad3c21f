import { lazy, Suspense } from "react"
import { PromptForm } from "./prompt-form.tsx"

const RecordedDemo = lazy(() => import("./recorded-demo.tsx"))

/** What a newcomer sees: no wizard, no account, one box. */
export function FirstRun() {
  return (
    <div className="min-h-0 flex-1 overflow-y-auto">
      <div className="mx-auto w-full max-w-2xl px-4 py-8 sm:py-14">
        <h1 className="text-xl font-semibold tracking-tight">What should an agent do?</h1>
        <p className="mt-1 mb-6 text-quiet">
          It runs as a process of its own. Close this page or restart the server: the session goes on, and you
          find every word of it here.
        </p>
        <PromptForm />
        <Suspense>
          <RecordedDemo />
        </Suspense>
      </div>
    </div>
  )
}

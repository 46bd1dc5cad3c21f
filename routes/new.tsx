import { createFileRoute } from "@tanstack/react-router"
import type { NewSessionAddress } from "./-app/new-session.ts"
import { usePageTitle } from "./-app/page-title.ts"
import { PERMISSION_MODES } from "./-app/permission-modes.ts"
import { PromptForm } from "./-components/prompt-form.tsx"

const text = (value: unknown): string | undefined =>
  value === undefined || value === "" ? undefined : String(value)

export const Route = createFileRoute("/new")({
  validateSearch: (search: Record<string, unknown>): NewSessionAddress => {
    const [dir, agent, prompt] = [text(search.dir), text(search.agent), text(search.prompt)]
    const [model, limits, branch] = [text(search.model), text(search.limits), text(search.branch)]
    const mode = PERMISSION_MODES.find((each) => each.mode === search.mode)?.mode
    return {
      ...(dir && { dir }),
      ...(agent && { agent }),
      ...(prompt && { prompt }),
      ...(model && { model }),
      ...(mode && { mode }),
      ...(limits && { limits }),
      ...(String(search.worktree) === "true" && { worktree: true }),
      ...(branch && { branch }),
    }
  },
  component: NewSession,
})

function NewSession() {
  usePageTitle("New session")
  const search = Route.useSearch()
  return (
    <div className="min-h-0 flex-1 overflow-y-auto">
      <div className="mx-auto w-full max-w-2xl px-4 py-6 sm:py-10">
        <h1 className="mb-5 text-xl font-semibold tracking-tight">New session</h1>
        <PromptForm key={JSON.stringify(search)} {...search} />
      </div>
    </div>
  )
}

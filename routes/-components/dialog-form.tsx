import type { FormEvent, ReactNode } from "react"

/** The form that a dialog is: its title and fields, what is wrong, and the way out beside the way on. */
export function DialogForm(props: {
  readonly title: string
  readonly leave: string
  readonly confirm: string
  readonly disabled: boolean
  readonly problem: string | null
  readonly onSubmit: (event: FormEvent) => void
  readonly onLeave: () => void
  /** How high it may be. */
  readonly height: string
  readonly children: ReactNode
}) {
  const { title, leave, confirm, disabled, problem, onSubmit, onLeave, height, children } = props
  return (
    <form onSubmit={onSubmit} className={`flex ${height} flex-col text-row`} noValidate>
      <div className="flex min-h-0 flex-col gap-3 overflow-y-auto p-4">
        <h2 className="text-base font-semibold">{title}</h2>
        {children}
        {problem && <DialogAlert>{problem}</DialogAlert>}
      </div>
      <div className="flex shrink-0 justify-end gap-2 border-t border-line p-3">
        <button type="button" className="control" onClick={onLeave}>
          {leave}
        </button>
        <button type="submit" className="control control-accent" disabled={disabled}>
          {confirm}
        </button>
      </div>
    </form>
  )
}

export const DialogAlert = ({ children }: { readonly children: ReactNode }) => (
  <p role="alert" className="rounded-md bg-fail-tint px-3 py-2 text-fail [overflow-wrap:anywhere]">
    {children}
  </p>
)

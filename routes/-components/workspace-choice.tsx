import type { ReactNode } from "react"
import { Field } from "./form-field.tsx"

/** Whether a session works in the directory itself or in a work tree of its own, and on which branch. */
export function WorkspaceChoice(props: {
  readonly id: string
  readonly worktree: boolean
  readonly branch: string
  readonly error: ReactNode
  readonly onWorktree: (worktree: boolean) => void
  readonly onBranch: (branch: string) => void
}) {
  const { id, worktree, branch, error, onWorktree, onBranch } = props
  return (
    <div className="grid gap-5 sm:grid-cols-2">
      <Field
        label="Works in"
        htmlFor={`${id}-workspace`}
        hint={worktree ? "Your own files stay as they are; the work is merged when it is done." : undefined}
      >
        <select
          id={`${id}-workspace`}
          className="field"
          value={worktree ? "worktree" : "directory"}
          onChange={({ target: { value } }) => onWorktree(value === "worktree")}
        >
          <option value="directory">The directory itself</option>
          <option value="worktree">A git work tree of its own</option>
        </select>
      </Field>
      {worktree && (
        <Field label="Branch" htmlFor={`${id}-branch`} error={error}>
          <input
            id={`${id}-branch`}
            className="field font-mono text-row!"
            value={branch}
            placeholder="a new one"
            autoComplete="off"
            autoCapitalize="off"
            spellCheck={false}
            onChange={({ target: { value } }) => onBranch(value)}
            {...(error !== null && { "aria-invalid": true, "aria-describedby": `${id}-branch-error` })}
          />
        </Field>
      )}
    </div>
  )
}

import { useNavigate } from "@tanstack/react-router"
import { TriangleAlert } from "lucide-react"
import { type FormEvent, useId, useMemo, useRef, useState } from "react"
import type { PermissionMode } from "#streams/event"
import { useAgentTypes } from "../-app/agent-types.ts"
import { openApi } from "../-app/api.ts"
import { copyText } from "../-app/clipboard.ts"
import { useDraft } from "../-app/draft.ts"
import { useSessionList } from "../-app/live.ts"
import { addressOf, type FieldName, fieldOf, type NewSessionAddress, requestOf } from "../-app/new-session.ts"
import { PERMISSION_MODES } from "../-app/permission-modes.ts"
import { type Refusal, refusalOf } from "../-app/refusal.ts"
import { changedAt } from "../-app/session-order.ts"
import { useAttached } from "../-app/use-attached.ts"
import { useAttemptKey } from "../-app/use-attempt-key.ts"
import { AgentChoice } from "./agent-choice.tsx"
import { AttachButton, AttachedFiles, takesFiles } from "./attachments.tsx"
import { useCompleting } from "./completing.tsx"
import { Field, Problem } from "./form-field.tsx"
import { MoreFields } from "./more-fields.tsx"
import { WorkspaceChoice } from "./workspace-choice.tsx"

/** Starts a session. One form: the prompt is all that is needed. */
export function PromptForm(given: NewSessionAddress) {
  const id = useId()
  const navigate = useNavigate()
  const { types, problem } = useAgentTypes()
  const recent = useRecentDirectories()
  const box = useRef<HTMLTextAreaElement>(null)
  const [draft, setDraft] = useDraft("new")
  const [typed, setTyped] = useState(given.prompt)
  const prompt = typed ?? draft
  const [dir, setDir] = useState(given.dir ?? "")
  const [agent, setAgent] = useState(given.agent ?? "")
  const [model, setModel] = useState(given.model ?? "")
  const [mode, setMode] = useState<PermissionMode>(given.mode ?? "ask")
  const [limits, setLimits] = useState(given.limits ?? "")
  const [worktree, setWorktree] = useState(given.worktree ?? false)
  const [branch, setBranch] = useState(given.branch ?? "")
  const [mcp, setMcp] = useState("")
  const files = useAttached()
  const [busy, setBusy] = useState(false)
  const [refusal, setRefusal] = useState<Refusal | null>(null)
  const keyOf = useAttemptKey()

  const chosen =
    types?.find(({ type }) => type === agent) ??
    types?.find(({ found, needs }) => found && needs.length === 0)
  const form = {
    prompt,
    dir,
    worktree,
    branch,
    agent: chosen?.type ?? agent,
    model,
    mode,
    limits,
    mcp,
    attached: files.attached,
  }
  const field = refusal ? fieldOf(refusal) : undefined
  const errorOf = (name: FieldName) =>
    field === name && refusal ? <Problem id={`${id}-${name}-error`} refusal={refusal} /> : null
  const describedBy = (name: FieldName) =>
    field === name ? { "aria-invalid": true, "aria-describedby": `${id}-${name}-error` } : {}

  const submit = async (event: FormEvent) => {
    event.preventDefault()
    if (busy || files.busy > 0) return
    setBusy(true)
    setRefusal(null)
    try {
      const request = await requestOf(form)
      const { sessionId } = await openApi(location.origin).spawn({
        ...request,
        idempotencyKey: keyOf(request),
      })
      setDraft("")
      await navigate({ to: "/s/$sessionId", params: { sessionId } })
    } catch (error) {
      setRefusal(refusalOf(error))
      setBusy(false)
    }
  }

  const completing = useCompleting({
    box,
    text: prompt,
    onText: (text) => {
      setTyped(text)
      setDraft(text)
    },
    files: dir.trim() === "" ? null : { workingDir: dir.trim() },
    className: "top-full right-0 left-0 mt-1",
  })

  return (
    <form onSubmit={submit} className="flex flex-col gap-5" noValidate>
      <Field label="Prompt" htmlFor={`${id}-prompt`} error={errorOf("prompt")}>
        <div className="relative flex flex-col">
          <textarea
            ref={box}
            id={`${id}-prompt`}
            className="field min-h-24 resize-y"
            rows={4}
            value={prompt}
            placeholder="Describe the task…"
            // biome-ignore lint/a11y/noAutofocus: the page is this box
            autoFocus
            onChange={({ target }) => completing.typed(target)}
            onKeyDown={(event) => {
              if (completing.onKey(event)) return
              if (event.key === "Enter" && (event.metaKey || event.ctrlKey)) void submit(event)
            }}
            {...takesFiles(files.add)}
            {...completing.attributes}
            {...describedBy("prompt")}
          />
          {completing.list}
        </div>
        <div className="flex flex-wrap items-center gap-2">
          <AttachButton onFiles={files.add} />
          <AttachedFiles files={files.attached} busy={files.busy} onRemove={files.remove} />
        </div>
      </Field>
      <Field
        label="Directory"
        htmlFor={`${id}-dir`}
        error={errorOf("dir")}
        hint="An absolute path. Empty: your home."
      >
        <input
          id={`${id}-dir`}
          className="field font-mono text-row!"
          value={dir}
          list={`${id}-recent`}
          placeholder="/home/you/project"
          autoComplete="off"
          autoCapitalize="off"
          spellCheck={false}
          onChange={({ target: { value } }) => setDir(value)}
          {...describedBy("dir")}
        />
        <datalist id={`${id}-recent`}>
          {recent.map((path) => (
            <option key={path} value={path} />
          ))}
        </datalist>
      </Field>
      <WorkspaceChoice
        id={id}
        worktree={worktree}
        branch={branch}
        error={errorOf("branch")}
        onWorktree={setWorktree}
        onBranch={setBranch}
      />
      <AgentChoice types={types} problem={problem} chosen={chosen?.type ?? ""} onChoose={setAgent} />
      {errorOf("agent")}
      <div className="grid gap-5 sm:grid-cols-2">
        <Field label="Model" htmlFor={`${id}-model`}>
          <input
            id={`${id}-model`}
            className="field font-mono text-row!"
            value={model}
            placeholder={chosen?.defaultModel ?? "the agent's default"}
            autoComplete="off"
            spellCheck={false}
            onChange={({ target: { value } }) => setModel(value)}
          />
        </Field>
        <Field
          label="Permissions"
          htmlFor={`${id}-mode`}
          hint={PERMISSION_MODES.find((each) => each.mode === mode)?.detail}
        >
          <select
            id={`${id}-mode`}
            className="field"
            value={mode}
            onChange={({ target: { value } }) => setMode(value as PermissionMode)}
          >
            {PERMISSION_MODES.map((each) => (
              <option key={each.mode} value={each.mode}>
                {each.title}
              </option>
            ))}
          </select>
        </Field>
      </div>
      <MoreFields
        limits={limits}
        mcp={mcp}
        wrong={field}
        refusal={refusal}
        onLimits={setLimits}
        onMcp={setMcp}
      />
      {mode === "bypass" && (
        <p className="flex gap-2 rounded-md border border-needs-line bg-needs-tint px-3 py-2 text-row text-needs">
          <TriangleAlert size={16} aria-hidden className="mt-px shrink-0" />
          The agent may change or delete anything your user can, and run any command, without asking you once.
          Use it only in a directory you can afford to lose.
        </p>
      )}
      {refusal && !field && <Problem id={`${id}-error`} refusal={refusal} />}
      <div className="sticky bottom-0 flex items-center gap-3 border-t border-line bg-paper py-3">
        <button type="submit" className="control control-accent px-5" disabled={busy || prompt.trim() === ""}>
          {busy ? "Starting…" : "Start"}
        </button>
        <span className="text-note text-quiet max-sm:hidden">Ctrl + Enter</span>
        <button
          type="button"
          className="control ml-auto"
          onClick={() => void copyText(addressOf(form, location.origin), "Link")}
        >
          Copy link to this form
        </button>
      </div>
    </form>
  )
}

/** Directories of earlier sessions, the last one first. */
function useRecentDirectories(): readonly string[] {
  const { entries } = useSessionList()
  return useMemo(() => {
    const byTime = [...entries.values()].sort((a, b) => changedAt(b).localeCompare(changedAt(a)))
    return [...new Set(byTime.map(({ workingDir }) => workingDir))].slice(0, 12)
  }, [entries])
}

import { useNavigate } from "@tanstack/react-router"
import { TriangleAlert } from "lucide-react"
import { type FormEvent, type ReactNode, useId, useMemo, useRef, useState } from "react"
import type { PermissionMode } from "#streams/event"
import { useAgentTypes } from "../-app/agent-types.ts"
import { openApi } from "../-app/api.ts"
import { copyText } from "../-app/clipboard.ts"
import { useDraft } from "../-app/draft.ts"
import { useSessionList } from "../-app/live.ts"
import { PERMISSION_MODES } from "../-app/permission-modes.ts"
import { type Refusal, refusalOf } from "../-app/refusal.ts"
import { changedAt } from "../-app/session-order.ts"
import { AgentChoice } from "./agent-choice.tsx"

interface PromptFormProps {
  readonly dir?: string
  readonly agent?: string
  readonly prompt?: string
  readonly model?: string
  readonly mode?: PermissionMode
}

/** Which field a refusal is about, so that it is said there. */
const FIELD_OF: Record<string, "prompt" | "dir" | "agent"> = {
  empty_prompt: "prompt",
  prompt_too_large: "prompt",
  working_dir_missing: "dir",
  working_dir_not_a_directory: "dir",
  working_dir_not_accessible: "dir",
  working_dir_not_absolute: "dir",
  unknown_agent: "agent",
  agent_not_ready: "agent",
}

/** Starts a session. One form: the prompt is all that is needed. */
export function PromptForm(given: PromptFormProps) {
  const id = useId()
  const navigate = useNavigate()
  const { types, problem } = useAgentTypes()
  const recent = useRecentDirectories()
  const [draft, setDraft] = useDraft("new")
  const [typed, setTyped] = useState(given.prompt)
  const prompt = typed ?? draft
  const [dir, setDir] = useState(given.dir ?? "")
  const [agent, setAgent] = useState(given.agent ?? "")
  const [model, setModel] = useState(given.model ?? "")
  const [mode, setMode] = useState<PermissionMode>(given.mode ?? "ask")
  const [busy, setBusy] = useState(false)
  const [refusal, setRefusal] = useState<Refusal | null>(null)
  // The same attempt keeps its key: pressing Start again after a lost answer finds the session that was made.
  const attempt = useRef({ of: "", key: "" })

  const chosen =
    types?.find(({ type }) => type === agent) ??
    types?.find(({ found, needs }) => found && needs.length === 0)
  const field = refusal?.reason ? FIELD_OF[refusal.reason] : undefined
  const errorOf = (name: "prompt" | "dir" | "agent") =>
    field === name && refusal ? <Problem id={`${id}-${name}-error`} refusal={refusal} /> : null
  const describedBy = (name: "prompt" | "dir" | "agent") =>
    field === name ? { "aria-invalid": true, "aria-describedby": `${id}-${name}-error` } : {}

  const submit = async (event: FormEvent) => {
    event.preventDefault()
    if (busy) return
    const request = {
      agentType: chosen?.type ?? agent,
      prompt,
      ...(dir.trim() && { workingDir: dir.trim() }),
      ...(model.trim() && { model: model.trim() }),
      permissionMode: mode,
    }
    const of = JSON.stringify(request)
    if (attempt.current.of !== of)
      attempt.current = { of, key: crypto.getRandomValues(new Uint32Array(4)).join("-") }
    setBusy(true)
    setRefusal(null)
    try {
      const { sessionId } = await openApi(location.origin).spawn({
        ...request,
        idempotencyKey: attempt.current.key,
      })
      setDraft("")
      await navigate({ to: "/s/$sessionId", params: { sessionId } })
    } catch (error) {
      setRefusal(refusalOf(error))
      setBusy(false)
    }
  }

  /** The form as an address, to be kept as a bookmark or handed on. */
  const copyAddress = () => {
    const address = new URL("/new", location.origin)
    const fields = { dir: dir.trim(), agent: chosen?.type ?? "", model: model.trim(), prompt: prompt.trim() }
    for (const [name, value] of Object.entries(fields)) if (value) address.searchParams.set(name, value)
    if (mode !== "ask") address.searchParams.set("mode", mode)
    void copyText(address.href, "Link")
  }

  return (
    <form onSubmit={submit} className="flex flex-col gap-5" noValidate>
      <Field label="Prompt" htmlFor={`${id}-prompt`} error={errorOf("prompt")}>
        <textarea
          id={`${id}-prompt`}
          className="field min-h-24 resize-y"
          rows={4}
          value={prompt}
          placeholder="Describe the task…"
          // biome-ignore lint/a11y/noAutofocus: the page is this box
          autoFocus
          onChange={({ target: { value } }) => {
            setTyped(value)
            setDraft(value)
          }}
          onKeyDown={(event) => {
            if (event.key === "Enter" && (event.metaKey || event.ctrlKey)) void submit(event)
          }}
          {...describedBy("prompt")}
        />
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
        <button type="button" className="control ml-auto" onClick={copyAddress}>
          Copy link to this form
        </button>
      </div>
    </form>
  )
}

function Problem({ id, refusal }: { readonly id: string; readonly refusal: Refusal }) {
  return (
    <p id={id} role="alert" className="text-row text-fail">
      {refusal.message}
      {refusal.kind === "away" && " Your prompt is kept here; press Start again when it is back."}
      {refusal.reason && <span className="ml-2 font-mono text-note text-quiet">{refusal.reason}</span>}
    </p>
  )
}

function Field(props: {
  readonly label: string
  readonly htmlFor: string
  readonly children: ReactNode
  readonly hint?: string | undefined
  readonly error?: ReactNode
}) {
  return (
    <div className="flex flex-col gap-1.5">
      <label htmlFor={props.htmlFor} className="text-row font-medium">
        {props.label}
      </label>
      {props.children}
      {props.error ?? (props.hint && <p className="text-note text-quiet">{props.hint}</p>)}
    </div>
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

import { useState } from "react"
import type { ConfigOption, PermissionMode } from "#streams/event"
import type { SessionId } from "#streams/ids"
import { openApi } from "../-app/api.ts"
import { PERMISSION_MODES } from "../-app/permission-modes.ts"
import { refusalOf } from "../-app/refusal.ts"
import { toast } from "../-app/toast.ts"

const ORDER: readonly ConfigOption["category"][] = ["mode", "model", "effort", "other"]

/** How far the agent is trusted from now on, and what it lets one choose itself. */
export function ConfigChoices(props: {
  readonly sessionId: SessionId
  readonly mode: PermissionMode | null
  readonly options: readonly ConfigOption[]
}) {
  const { sessionId, mode, options } = props
  const api = openApi(location.origin)
  const sorted = [...options].sort((a, b) => ORDER.indexOf(a.category) - ORDER.indexOf(b.category))
  return (
    <>
      {mode !== null && (
        <Choice
          name="Permissions"
          value={mode}
          choices={PERMISSION_MODES.map((each) => ({
            value: each.mode,
            name: each.title,
            description: each.detail,
          }))}
          onChoose={(value) => api.setMode({ sessionId, mode: value as PermissionMode })}
        />
      )}
      {sorted
        .filter(({ choices }) => choices.length > 1)
        .map(({ id, name, value, choices }) => (
          <Choice
            key={id}
            name={name}
            value={value}
            choices={choices}
            onChoose={(next) => api.setConfigOption({ sessionId, optionId: id, value: next })}
          />
        ))}
    </>
  )
}

/** One choice. It shows what was asked for until the session says what holds. */
function Choice(props: {
  readonly name: string
  readonly value: string
  readonly choices: ConfigOption["choices"]
  readonly onChoose: (value: string) => Promise<object>
}) {
  const { name, value, choices, onChoose } = props
  const [asked, setAsked] = useState<string | null>(null)
  const choose = async (next: string) => {
    setAsked(next)
    try {
      const answer = await onChoose(next)
      if ("warning" in answer) toast(String(answer.warning))
    } catch (error) {
      toast(refusalOf(error).message)
    }
    setAsked(null)
  }
  return (
    <label className="flex min-w-0 items-center gap-1 text-note text-quiet">
      {name}
      <select
        className="max-w-40 truncate rounded border border-line bg-paper px-1 py-0.5 text-note text-ink touch:min-h-11"
        value={asked ?? value}
        disabled={asked !== null}
        onChange={({ target }) => void choose(target.value)}
      >
        {choices.map((choice) => (
          <option key={choice.value} value={choice.value} title={choice.description}>
            {choice.name}
          </option>
        ))}
      </select>
    </label>
  )
}

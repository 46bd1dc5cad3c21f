import { useState } from "react"
import type { SessionId } from "#streams/ids"
import { newerApi } from "../-app/newer-api.ts"
import { refusalOf } from "../-app/refusal.ts"
import type { ConfigOption } from "../-app/session-extras.ts"
import { toast } from "../-app/toast.ts"

const ORDER: readonly ConfigOption["category"][] = ["mode", "model", "effort", "other"]

/** What the agent lets one choose: its mode, its model, how hard it thinks. Set when the session says so. */
export function ConfigChoices(props: {
  readonly sessionId: SessionId
  readonly options: readonly ConfigOption[]
}) {
  const { sessionId, options } = props
  const [asked, setAsked] = useState<Readonly<Record<string, string>>>({})
  const sorted = [...options].sort((a, b) => ORDER.indexOf(a.category) - ORDER.indexOf(b.category))
  const choose = async (id: string, value: string) => {
    setAsked((before) => ({ ...before, [id]: value }))
    try {
      if ((await newerApi.setConfigOption(sessionId, id, value)) === null)
        toast("This server cannot change that while the session is there")
    } catch (error) {
      toast(refusalOf(error).message)
    }
    setAsked(({ [id]: _, ...rest }) => rest)
  }
  return sorted
    .filter(({ choices }) => choices.length > 1)
    .map(({ id, name, value, choices }) => (
      <label key={id} className="flex min-w-0 items-center gap-1 text-note text-quiet">
        {name}
        <select
          className="max-w-40 truncate rounded border border-line bg-paper px-1 py-0.5 text-note text-ink touch:min-h-11"
          value={asked[id] ?? value}
          disabled={id in asked}
          onChange={({ target }) => void choose(id, target.value)}
        >
          {choices.map((choice) => (
            <option key={choice.value} value={choice.value} title={choice.description}>
              {choice.name}
            </option>
          ))}
        </select>
      </label>
    ))
}

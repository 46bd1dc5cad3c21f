/** Text that was typed and not sent yet: it survives a reload, a closed tab and an absent server. */
import { useState } from "react"
import { readStored, writeStored } from "./stored.ts"

const keyOf = (name: string) => `agentz.draft.${name}`

export function useDraft(name: string): readonly [string, (text: string) => void] {
  const [draft, setDraft] = useState(() => ({ name, text: readStored(keyOf(name)) ?? "" }))
  if (draft.name !== name) setDraft({ name, text: readStored(keyOf(name)) ?? "" })
  const set = (text: string) => {
    writeStored(keyOf(name), text)
    setDraft({ name, text })
  }
  return [draft.text, set]
}

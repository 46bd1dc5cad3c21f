/** Text that was typed and not sent yet: it survives a reload, a closed tab and an absent server. */
import { useEffect, useState } from "react"
import { readStored, writeStored } from "./stored.ts"

const keyOf = (name: string) => `agentz.draft.${name}`
const listeners = new Map<string, Set<(text: string) => void>>()

export function useDraft(name: string): readonly [string, (text: string) => void] {
  const [draft, setDraft] = useState(() => ({ name, text: readStored(keyOf(name)) ?? "" }))
  if (draft.name !== name) setDraft({ name, text: readStored(keyOf(name)) ?? "" })
  useEffect(() => {
    const take = (text: string) => setDraft({ name, text })
    const all = listeners.get(name) ?? new Set()
    listeners.set(name, all.add(take))
    return () => void all.delete(take)
  }, [name])
  const set = (text: string) => {
    writeStored(keyOf(name), text)
    setDraft({ name, text })
  }
  return [draft.text, set]
}

/** Puts something into what is being written there, after what there is. */
export function addToDraft(name: string, text: string): void {
  const before = readStored(keyOf(name)) ?? ""
  const next = before.trim() === "" ? text : `${before.trimEnd()}\n\n${text}`
  writeStored(keyOf(name), next)
  for (const take of listeners.get(name) ?? []) take(next)
}

import { type ComponentType, useSyncExternalStore } from "react"

type Markdown = ComponentType<{ readonly text: string; readonly done: boolean }>

let loaded: Markdown | null = null
const listeners = new Set<() => void>()

// Asked for when the session page loads, and again for as long as the server that has it is away.
const load = (): void => {
  import("./markdown.tsx").then(
    ({ default: markdown }) => {
      loaded = markdown
      for (const listener of listeners) listener()
    },
    () => setTimeout(load, 2_000),
  )
}
load()

const subscribe = (listener: () => void) => {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

/** What an agent says: as it was written until the part that draws Markdown is there. */
export function AgentText({ text, done }: { readonly text: string; readonly done: boolean }) {
  const Loaded = useSyncExternalStore(subscribe, () => loaded)
  if (!Loaded) return <p className="whitespace-pre-wrap [overflow-wrap:anywhere]">{text}</p>
  return <Loaded text={text} done={done} />
}

/**
 * Everything that can be done from where the page is now: one list that feeds the palette, the keys, the sheet of
 * keys and the menus. A component offers its commands for as long as it is there.
 */
import { useEffect, useRef, useSyncExternalStore } from "react"
import { type CommandId, keysOf } from "./key-map.ts"
import { type Keyed, meaningOf, nameOfKey } from "./keys.ts"
import { currentSettings, useSettings } from "./settings.ts"

/** In the order in which they are shown. */
export const GROUPS = ["Answer", "Run", "Session", "Files", "Go to", "View"] as const

/** What a component offers. Its key is that of `key-map.ts`, or the one that was chosen instead. */
export interface Offer {
  readonly id: CommandId
  readonly title: string
  readonly group: (typeof GROUPS)[number]
  readonly whileTyping?: boolean
  readonly run: () => void
}

export type Command = Offer & Keyed

/** From far to near: of two commands with the same key the nearer one has it. */
const LAYERS = ["app", "page", "part"] as const
type Layer = (typeof LAYERS)[number]

const offered = new Map<symbol, { readonly layer: Layer; readonly commands: readonly Offer[] }>()
let all: readonly Command[] = []
const listeners = new Set<() => void>()

const changed = () => {
  const near = [...offered.values()].sort((a, b) => LAYERS.indexOf(a.layer) - LAYERS.indexOf(b.layer))
  const { keys } = currentSettings()
  all = near.flatMap(({ commands }) => commands.map((offer) => ({ ...offer, keys: keysOf(offer.id, keys) })))
  for (const listener of listeners) listener()
}

/** Offers commands while the component is there. */
export function useCommands(layer: Layer, commands: readonly Offer[]): void {
  const { keys } = useSettings()
  const latest = useRef(commands)
  latest.current = commands
  const shape = commands.map(({ id, title }) => `${id}\t${title}`).join("\n")
  // biome-ignore lint/correctness/useExhaustiveDependencies: offered anew when what is shown of them changes, or a key
  useEffect(() => {
    const owner = Symbol()
    const now = (id: string) => () => latest.current.find((command) => command.id === id)?.run()
    offered.set(owner, {
      layer,
      commands: latest.current.map((command) => ({ ...command, run: now(command.id) })),
    })
    changed()
    return () => {
      offered.delete(owner)
      changed()
    }
  }, [layer, shape, keys])
}

export const useAllCommands = (): readonly Command[] =>
  useSyncExternalStore(
    (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    () => all,
  )

/** The key of a command as it is now. */
export function useKeysOf(id: CommandId): string | undefined {
  return keysOf(id, useSettings().keys)
}

/** Two keys belong together when the second comes before one has thought of something else. */
export const HOLD_MS = 900

/** Runs commands by their keys, for the whole page. */
export function useKeys(): void {
  useEffect(() => {
    let held: string | null = null
    let timer: ReturnType<typeof setTimeout> | undefined
    const onKeyDown = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.isComposing || document.querySelector("dialog[open]")) return
      const name = nameOfKey(event)
      if (name === null) return
      const { target } = event
      const typing = target instanceof HTMLElement && isField(target)
      // A button or a link has these keys for itself.
      if ((name === "Enter" || name === "Space") && target instanceof HTMLElement && isPressable(target))
        return
      const meaning = meaningOf(all, name, { held, typing, singleKeys: currentSettings().singleKeys })
      clearTimeout(timer)
      held = null
      if (meaning.type === "hold") {
        held = meaning.held
        timer = setTimeout(() => {
          held = null
        }, HOLD_MS)
      }
      if (meaning.type !== "run" || event.repeat) return
      event.preventDefault()
      meaning.command.run()
    }
    addEventListener("keydown", onKeyDown)
    return () => {
      clearTimeout(timer)
      removeEventListener("keydown", onKeyDown)
    }
  }, [])
}

const isField = (element: HTMLElement): boolean =>
  element.isContentEditable || element.matches("input:not([type=radio], [type=checkbox]), textarea, select")

const isPressable = (element: HTMLElement): boolean => element.matches("button, a, summary, [role=option]")

export const isMac = (): boolean =>
  typeof navigator !== "undefined" && /mac|iphone|ipad/i.test(navigator.userAgent)

/** How wide the panel beside a transcript is, as a share of the window: chosen with the pointer or by key, kept per browser. */
import { useState } from "react"
import { readStored, writeStored } from "./stored.ts"

/** In percent of the window. */
export const NARROWEST = 20
export const WIDEST = 75

export interface PanelWidth {
  readonly share: number
  /** `null`: as it was at first. */
  choose(share: number | null): void
  /** Keeps what was chosen. While a pointer drags there is nothing to keep yet. */
  keep(): void
}

export const bounded = (share: number): number =>
  Math.round(Math.min(WIDEST, Math.max(NARROWEST, share)) * 10) / 10

/** `null` where nothing was kept that can be used. */
export function parseShare(stored: string | null): number | null {
  const share = Number(stored ?? Number.NaN)
  return stored === null || stored === "" || !Number.isFinite(share) ? null : bounded(share)
}

export function usePanelWidth(name: string, first: number): PanelWidth {
  const key = `agentz.panel-width.${name}`
  const [chosen, setChosen] = useState<readonly [string, number | null]>(() => [
    key,
    parseShare(readStored(key)),
  ])
  const share = chosen[0] === key ? chosen[1] : parseShare(readStored(key))
  return {
    share: share ?? first,
    choose: (next) => {
      setChosen([key, next === null ? null : bounded(next)])
      if (next === null) writeStored(key, "")
    },
    keep: () => writeStored(key, share === null ? "" : String(share)),
  }
}

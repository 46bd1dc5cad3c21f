/** Light or dark: the system's choice until the user makes one. `/theme.js` applies it before the first paint. */
import { useState, useSyncExternalStore } from "react"
import { readStored, writeStored } from "./stored.ts"

const KEY = "agentz.theme"
type Theme = "light" | "dark"

const current = (): Theme => (document.documentElement.dataset.theme === "dark" ? "dark" : "light")

export function useTheme(): readonly [Theme, () => void] {
  const theme = useSyncExternalStore((changed) => {
    const observer = new MutationObserver(changed)
    observer.observe(document.documentElement, { attributeFilter: ["data-theme"] })
    return () => observer.disconnect()
  }, current)
  return [theme, () => choose(theme === "dark" ? "light" : "dark")]
}

/** The choice itself, of which following the system is one. */
export function useThemeChoice(): readonly [Theme | "system", (choice: Theme | "system") => void] {
  const [choice, setChoice] = useState<Theme | "system">(stored)
  const choosing = (next: Theme | "system") => {
    writeStored(KEY, next === "system" ? "" : next)
    dispatchEvent(new Event("agentz:theme"))
    setChoice(next)
  }
  return [choice, choosing]
}

const stored = (): Theme | "system" => {
  const chosen = readStored(KEY)
  return chosen === "light" || chosen === "dark" ? chosen : "system"
}

/** Choosing what the system has means following the system again. */
function choose(theme: Theme): void {
  const system: Theme = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light"
  writeStored(KEY, theme === system ? "" : theme)
  document.documentElement.dataset.theme = theme
}

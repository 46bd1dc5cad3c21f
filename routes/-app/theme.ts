/** Light or dark: the system's choice until the user makes one. `/theme.js` applies it before the first paint. */
import { useSyncExternalStore } from "react"
import { writeStored } from "./stored.ts"

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

/** Choosing what the system has means following the system again. */
function choose(theme: Theme): void {
  const system: Theme = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light"
  writeStored("agentz.theme", theme === system ? "" : theme)
  document.documentElement.dataset.theme = theme
}

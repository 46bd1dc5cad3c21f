import { Moon, Sun } from "lucide-react"
import { useTheme } from "../-app/theme.ts"

export function ThemeSwitch() {
  const [theme, toggle] = useTheme()
  const label = theme === "dark" ? "Use light colours" : "Use dark colours"
  return (
    <button
      type="button"
      className="grid size-8 place-items-center rounded-md text-quiet hover:bg-sunken hover:text-ink touch:size-11"
      aria-label={label}
      title={label}
      onClick={toggle}
    >
      {theme === "dark" ? <Sun size={16} aria-hidden /> : <Moon size={16} aria-hidden />}
    </button>
  )
}

import { Ellipsis } from "lucide-react"
import { useRef } from "react"
import { type Command, useAllCommands } from "../-app/commands.ts"
import { KeyCaps } from "./key-caps.tsx"

/** What can be done to a session: the commands of that group, from the same list as the palette. */
export function SessionMenu() {
  const commands = useAllCommands().filter(({ group }) => group === "Session")
  const menu = useRef<HTMLDivElement>(null)
  const button = useRef<HTMLButtonElement>(null)
  const place = () => {
    const box = button.current?.getBoundingClientRect()
    if (!box || !menu.current) return
    menu.current.style.top = `${box.bottom + 4}px`
    menu.current.style.right = `${Math.max(8, innerWidth - box.right)}px`
  }
  const take = ({ run }: Command) => {
    menu.current?.hidePopover()
    run()
  }
  const move = (step: number) => {
    const items = [...(menu.current?.querySelectorAll("button") ?? [])]
    const at = items.indexOf(document.activeElement as HTMLButtonElement)
    items[(at + step + items.length) % items.length]?.focus()
  }
  return (
    <>
      <button
        ref={button}
        type="button"
        className="grid size-8 place-items-center rounded-md text-soft hover:bg-sunken touch:size-11"
        aria-label="Session menu"
        aria-haspopup="menu"
        popoverTarget="session-menu"
      >
        <Ellipsis size={18} aria-hidden />
      </button>
      <div
        ref={menu}
        id="session-menu"
        popover="auto"
        role="menu"
        aria-label="Session"
        className="popover min-w-60 py-1"
        onBeforeToggle={place}
        onToggle={({ newState }) => {
          if (newState === "open") menu.current?.querySelector("button")?.focus()
        }}
        onKeyDown={(event) => {
          const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0
          if (step === 0) return
          event.preventDefault()
          move(step)
        }}
      >
        {commands.map((command) => (
          <button
            key={command.id}
            type="button"
            role="menuitem"
            tabIndex={-1}
            className="flex min-h-8 w-full items-center gap-4 px-3 text-left text-row hover:bg-sunken focus-visible:-outline-offset-2 touch:min-h-11"
            onClick={() => take(command)}
          >
            <span className="flex-1">{command.title}</span>
            {command.keys && <KeyCaps keys={command.keys} />}
          </button>
        ))}
      </div>
    </>
  )
}

import { useMemo } from "react"
import { GROUPS, useAllCommands } from "../-app/commands.ts"
import { useSettings } from "../-app/settings.ts"
import { Dialog } from "./dialog.tsx"
import { KeyCaps } from "./key-caps.tsx"

/** The keys that count here, from the same list that the keys are read from. */
export default function KeySheet({ onClose }: { readonly onClose: () => void }) {
  const commands = useAllCommands()
  const { singleKeys } = useSettings()
  const groups = useMemo(() => {
    const keyed = commands.filter(({ keys }) => keys !== undefined)
    return GROUPS.map((group) => [group, keyed.filter((command) => command.group === group)] as const).filter(
      ([, of]) => of.length > 0,
    )
  }, [commands])
  return (
    <Dialog label="Keys" onClose={onClose} className="w-[min(44rem,calc(100vw-1.5rem))]">
      <div className="flex items-center border-b border-line px-4 py-2">
        <h2 className="flex-1 font-semibold">Keys</h2>
        <button type="button" className="control" onClick={onClose}>
          Close
        </button>
      </div>
      {!singleKeys && (
        <p className="px-4 pt-3 text-row text-needs">
          Single keys are switched off in the settings; those with Ctrl or ⌘ count.
        </p>
      )}
      <div className="grid max-h-[70dvh] gap-x-8 gap-y-4 overflow-y-auto px-4 py-3 sm:grid-cols-2">
        {groups.map(([group, of]) => (
          <section key={group} aria-label={group}>
            <h3 className="mb-1 text-note font-medium text-quiet">{group}</h3>
            <ul>
              {of.map(({ id, title, keys }) => (
                <li key={id} className="flex min-h-7 items-center gap-3 text-row">
                  <span className="min-w-0 flex-1">{title}</span>
                  {keys && <KeyCaps keys={keys} />}
                </li>
              ))}
            </ul>
          </section>
        ))}
      </div>
    </Dialog>
  )
}

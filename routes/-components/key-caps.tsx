import { isMac, useKeysOf } from "../-app/commands.ts"
import type { CommandId } from "../-app/key-map.ts"
import { readableKeys } from "../-app/keys.ts"

/** Keys as they are pressed. Not shown where there is no keyboard. */
export function KeyCaps({ keys }: { readonly keys: string }) {
  return (
    <kbd className="shrink-0 rounded border border-line bg-raised px-1.5 font-sans text-note text-quiet touch:hidden">
      {readableKeys(keys, isMac())}
    </kbd>
  )
}

/** Those of a command, if it has any. */
export function KeysOf({ command }: { readonly command: CommandId }) {
  const keys = useKeysOf(command)
  return keys === undefined ? null : <KeyCaps keys={keys} />
}

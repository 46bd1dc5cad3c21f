import clsx from "clsx"
import { type KeyboardEvent, type ReactNode, type RefObject, useId, useState } from "react"
import type { SlashCommand } from "#streams/event"
import { completionAt, mentionAt } from "../-app/completion.ts"
import { plural } from "../-app/figures.ts"
import { plainText } from "../-app/hidden-characters.ts"
import { type FilesOf, useFiles } from "../-app/use-files.ts"

/**
 * Suggests commands and files in a text box. The box keeps the focus and names the current one; arrows move, Enter
 * or Tab takes, Escape closes.
 */
export function useCompleting(props: {
  readonly box: RefObject<HTMLTextAreaElement | null>
  readonly text: string
  readonly onText: (text: string) => void
  readonly commands?: readonly SlashCommand[]
  /** Files that are suggested first. */
  readonly mentioned?: () => readonly string[]
  readonly files: FilesOf | null
  /** Where the list is put. */
  readonly className: string
}) {
  const { box, text, onText, commands = [], files, className } = props
  const id = useId()
  const [caret, setCaret] = useState(0)
  const [open, setOpen] = useState(false)
  const [at, setAt] = useState(0)
  const found = useFiles(files, open ? mentionAt(text, caret) : null)
  const completion = open
    ? completionAt(text, caret, { commands, mentioned: props.mentioned?.() ?? [], found })
    : null
  const suggestions = completion?.suggestions ?? []
  const current = Math.min(at, suggestions.length - 1)

  const take = (index: number) => {
    const suggestion = suggestions[index]
    if (!completion || !suggestion) return
    const place = completion.from + suggestion.text.length
    onText(text.slice(0, completion.from) + suggestion.text + text.slice(completion.to))
    setOpen(false)
    requestAnimationFrame(() => {
      box.current?.focus()
      box.current?.setSelectionRange(place, place)
    })
  }

  /** Whether the key was for the list. */
  const onKey = (event: KeyboardEvent): boolean => {
    const { key, shiftKey, ctrlKey, metaKey } = event
    if (suggestions.length === 0 || event.nativeEvent.isComposing || ctrlKey || metaKey) return false
    const step = key === "ArrowDown" ? 1 : key === "ArrowUp" ? -1 : 0
    if (step !== 0) setAt((current + step + suggestions.length) % suggestions.length)
    else if ((key === "Tab" || key === "Enter") && !shiftKey) take(current)
    else if (key === "Escape") setOpen(false)
    else return false
    event.preventDefault()
    return true
  }

  const list: ReactNode = (
    <>
      {suggestions.length > 0 && (
        <div
          id={`${id}-list`}
          role="listbox"
          aria-label="Suggestions"
          className={clsx(
            "absolute z-10 max-h-64 overflow-y-auto rounded-md border border-line-strong bg-paper p-1 shadow-md",
            className,
          )}
        >
          {suggestions.map((suggestion, index) => (
            // biome-ignore lint/a11y/useKeyWithClickEvents: the keys are the box's
            // biome-ignore lint/a11y/useFocusableInteractive: the box keeps the focus and names the option
            <div
              key={suggestion.text}
              id={`${id}-${index}`}
              role="option"
              aria-selected={index === current}
              className={clsx(
                "flex cursor-pointer items-center gap-3 rounded px-2 py-1 text-row touch:min-h-11",
                index === current && "bg-sunken",
              )}
              onPointerDown={(event) => event.preventDefault()}
              onClick={() => take(index)}
            >
              <span className="min-w-0 truncate font-mono text-note">{plainText(suggestion.text)}</span>
              <span className="min-w-0 flex-1 truncate text-quiet">{plainText(suggestion.detail)}</span>
            </div>
          ))}
        </div>
      )}
      <span role="status" className="sr-only">
        {suggestions.length > 0 && plural(suggestions.length, "suggestion")}
      </span>
    </>
  )
  return {
    list,
    onKey,
    close: () => setOpen(false),
    /** For the box. */
    attributes: {
      "aria-autocomplete": "list",
      ...(suggestions.length > 0 && {
        "aria-controls": `${id}-list`,
        "aria-activedescendant": `${id}-${current}`,
      }),
      onSelect: ({ currentTarget }: { readonly currentTarget: HTMLTextAreaElement }) =>
        setCaret(currentTarget.selectionStart),
      onBlur: () => setOpen(false),
    } as const,
    /** The box was typed into. */
    typed: ({ value, selectionStart }: HTMLTextAreaElement) => {
      onText(value)
      setCaret(selectionStart)
      setOpen(true)
      setAt(0)
    },
  }
}

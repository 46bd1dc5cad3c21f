import { type ReactNode, useEffect, useRef } from "react"

/**
 * A modal dialog by the browser's own means: it keeps the focus inside, closes on Escape, and gives the focus back
 * to where it was.
 */
export function Dialog(props: {
  readonly label: string
  readonly onClose: () => void
  readonly children: ReactNode
  readonly className?: string
}) {
  const { label, onClose, children, className = "" } = props
  const box = useRef<HTMLDialogElement>(null)
  useEffect(() => {
    const dialog = box.current
    if (dialog && !dialog.open) dialog.showModal()
    return () => dialog?.close()
  }, [])
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: Escape is the browser's own; the click is on the backdrop
    <dialog
      ref={box}
      aria-label={label}
      className={`dialog ${className}`}
      onCancel={(event) => {
        event.preventDefault()
        onClose()
      }}
      onClick={({ target }) => {
        if (target === box.current) onClose()
      }}
    >
      {children}
    </dialog>
  )
}

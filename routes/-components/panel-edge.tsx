import { type KeyboardEvent, type PointerEvent, useRef } from "react"
import { NARROWEST, type PanelWidth, WIDEST } from "../-app/panel-width.ts"

const STEP = 2

/** The edge of a panel, to be dragged or moved by the arrow keys; Enter or a double click puts it back. */
export function PanelEdge({ width, controls }: { readonly width: PanelWidth; readonly controls: string }) {
  const dragging = useRef(false)
  const onPointerDown = (event: PointerEvent<HTMLElement>) => {
    if (event.button !== 0) return
    event.currentTarget.setPointerCapture(event.pointerId)
    dragging.current = true
  }
  const onPointerMove = ({ clientX }: PointerEvent) => {
    if (dragging.current) width.choose(((innerWidth - clientX) / innerWidth) * 100)
  }
  const onPointerUp = () => {
    if (dragging.current) width.keep()
    dragging.current = false
  }
  const onKeyDown = (event: KeyboardEvent) => {
    const next = {
      ArrowLeft: width.share + STEP,
      ArrowRight: width.share - STEP,
      Home: WIDEST,
      End: NARROWEST,
    }[event.key]
    if (event.key === "Enter") width.choose(null)
    else if (next === undefined) return
    else width.choose(next)
    event.preventDefault()
  }
  return (
    // biome-ignore lint/a11y/useSemanticElements: a rule between two texts is no control that can be moved
    <div
      role="separator"
      aria-orientation="vertical"
      aria-label="Width of the panel"
      aria-controls={controls}
      aria-valuemin={NARROWEST}
      aria-valuemax={WIDEST}
      aria-valuenow={Math.round(width.share)}
      aria-valuetext={`${Math.round(width.share)} percent of the window`}
      tabIndex={0}
      title="Drag to make it wider; double-click to put it back"
      className="absolute inset-y-0 -left-1 z-10 w-2 cursor-col-resize touch-none hover:bg-line focus-visible:bg-run focus-visible:outline-none active:bg-run max-lg:hidden"
      onPointerDown={onPointerDown}
      onPointerMove={onPointerMove}
      onPointerUp={onPointerUp}
      onPointerCancel={onPointerUp}
      onDoubleClick={() => width.choose(null)}
      onKeyDown={onKeyDown}
      onKeyUp={width.keep}
    />
  )
}

/** Moves the focus along the elements that match, by `step`, and stays at the ends. */
export function moveFocus(within: HTMLElement | null, selector: string, step: number): void {
  const stops = [...(within?.querySelectorAll<HTMLElement>(selector) ?? [])]
  const at = stops.findIndex((stop) => stop.contains(document.activeElement))
  const next = stops[at < 0 ? (step > 0 ? 0 : stops.length - 1) : at + step]
  next?.focus()
  next?.scrollIntoView({ block: "nearest" })
}

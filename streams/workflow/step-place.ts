/** What the name of a step in a run says by itself. */

/** The step in the definition, and the item's place where it is one of a map. */
export function placeOf(stepId: string): { readonly id: string; readonly index: number | null } {
  const slash = stepId.indexOf("/")
  return slash < 0
    ? { id: stepId, index: null }
    : { id: stepId.slice(0, slash), index: Number(stepId.slice(slash + 1)) }
}

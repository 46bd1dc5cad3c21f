/** What can be shown beside a transcript. */
export const PANELS = ["changes", "note", "usage", "events"] as const
export type Panel = (typeof PANELS)[number]

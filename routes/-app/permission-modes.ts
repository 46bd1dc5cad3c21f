import type { PermissionMode } from "#streams/event"

/** The modes in the order of trust, in a person's words. */
export const PERMISSION_MODES: readonly {
  readonly mode: PermissionMode
  readonly title: string
  readonly detail: string
}[] = [
  { mode: "ask", title: "Ask", detail: "You approve each edit and command." },
  { mode: "accept_edits", title: "Accept edits", detail: "Edits go through; you approve commands." },
  { mode: "read_only", title: "Read only", detail: "It can look, and change nothing." },
  { mode: "bypass", title: "Never ask", detail: "Edits and commands run without asking." },
]

export const permissionTitle = (mode: PermissionMode): string =>
  PERMISSION_MODES.find((each) => each.mode === mode)?.title ?? mode

/** What can be set while a session lives, and is kept for when it lives again. */
import type { Command } from "#streams/command"
import type { PermissionMode } from "#streams/event"
import type { SessionId } from "#streams/ids"
import { paths } from "#streams/paths"
import { type SessionRow, sessionRowChange } from "#streams/registry"
import { changedLimits, limitsAfter } from "#streams/session-limits"
import { appendTo } from "#streams/stream"
import type { ControlPlane } from "../plane.ts"
import type { PlaneContext } from "../plane-context.ts"
import { Problem } from "../problem.ts"
import { guarded } from "./guarded.ts"
import type { Reach } from "./reach.ts"

/** Where everything is run without asking, whoever switches it on is told. */
const BYPASS_WARNING =
  "Nothing is asked any more: the agent changes files and runs commands as you could, whatever it was told by a " +
  "file or a web page. Use it where nothing of value can be reached."

export const warningOn = (mode: PermissionMode | undefined) =>
  mode === "bypass" ? { warning: BYPASS_WARNING } : {}

export function setting(
  { endpoint, folds, patience }: PlaneContext,
  reach: Reach,
): Pick<ControlPlane, "rename" | "setMode" | "setConfigOption" | "setLimits"> {
  /**
   * The inbox is the truth; the row is what a list shows and the next daemon is started with. It is written from
   * the inbox, and again when something was set meanwhile: whoever of several writes last has read all of it.
   */
  async function restateRow(sessionId: SessionId): Promise<void> {
    let written: string | null = null
    for (;;) {
      const { status, activity, archive, archivedAt, ...row } = await reach.entryOf(sessionId)
      const { commands, offset } = await reach.inboxOf(sessionId)
      if (offset === written) return
      await appendTo(endpoint, paths.registry, [sessionRowChange(rowAfter(row, commands))], patience)
      written = offset
    }
  }

  return {
    rename: ({ sessionId, title: given }) =>
      guarded(async () => {
        const title = given.trim()
        await reach.entryOf(sessionId)
        await reach.ask(sessionId, { type: "set_title", title })
        await restateRow(sessionId)
        return { sessionId, title }
      }),

    setMode: ({ sessionId, mode }) =>
      guarded(async () => {
        await reach.entryOf(sessionId)
        await reach.ask(sessionId, { type: "set_mode", mode })
        await restateRow(sessionId)
        return { sessionId, mode, ...warningOn(mode) }
      }),

    setLimits: ({ sessionId, limits: change }) =>
      guarded(async () => {
        const { limits: before = {} } = await reach.entryOf(sessionId)
        await reach.ask(sessionId, { type: "set_limits", limits: changedLimits(before, change), change })
        await restateRow(sessionId)
        const { limits = {} } = await reach.entryOf(sessionId)
        return { sessionId, limits }
      }),

    setConfigOption: ({ sessionId, optionId, value }) =>
      guarded(async () => {
        await reach.entryOf(sessionId)
        const { configOptions } = (await folds.session(sessionId)).value
        const option = configOptions.find(({ id }) => id === optionId)
        if (!option)
          throw new Problem(
            "unknown_option",
            configOptions.length === 0
              ? "This agent offers nothing to choose, as far as is known; it tells when it has been started."
              : `There is no option “${optionId}”: there are ${configOptions.map(({ id }) => id).join(", ")}.`,
          )
        if (option.choices.length > 0 && !option.choices.some((one) => one.value === value))
          throw new Problem(
            "option_value_refused",
            `${option.name} cannot be “${value}”: choose one of ${option.choices.map((one) => one.value).join(", ")}.`,
          )
        if (option.category === "mode" && UNASKED.test(value))
          throw new Problem(
            "option_value_refused",
            `In its mode “${value}” the agent decides without you: use \`agentz mode ${sessionId} bypass\` instead.`,
          )
        await reach.ask(sessionId, { type: "set_config_option", optionId, value })
        await restateRow(sessionId)
        return { sessionId, optionId, value }
      }),
  }
}

function rowAfter(row: SessionRow, commands: readonly Command[]): SessionRow {
  let next = row
  for (const command of commands) {
    if (command.type === "set_title") next = { ...next, title: command.title }
    if (command.type === "set_mode") next = { ...next, permissionMode: command.mode }
    if (command.type === "set_limits") next = { ...next, limits: limitsAfter(next.limits ?? {}, command) }
    if (command.type === "set_config_option")
      next = { ...next, config: { ...next.config, [command.optionId]: command.value } }
  }
  return next
}

/** Agents' own modes in which they ask nobody. */
const UNASKED = /^(auto|agent|bypassPermissions|dontAsk|agent-full-access|yolo)$/

/**
 * What an agent lets one choose, in our words: its model, its own modes, how hard it thinks. Agents say it in two
 * ways, as modes and as config options; a reader sees one list. Pure.
 */
import type {
  AvailableCommand,
  SessionConfigOption,
  SessionConfigSelect,
  SessionModeState,
} from "@agentclientprotocol/sdk"
import type { ConfigOption, PermissionMode, SlashCommand } from "#streams/event"

/** As the agent told it last. */
export interface Offered {
  readonly modes: SessionModeState | null
  readonly configOptions: readonly SessionConfigOption[]
}

const CATEGORIES: Readonly<Record<string, ConfigOption["category"]>> = {
  model: "model",
  mode: "mode",
  thought_level: "effort",
}

/** The option by which an agent's modes are shown where it has no config option for them. */
export const MODES = "mode"

export function optionsOf({ modes, configOptions }: Offered): ConfigOption[] {
  const options = configOptions.map((option): ConfigOption => {
    const { id, name, category } = option
    const shape = { id, name, category: CATEGORIES[category ?? ""] ?? "other" }
    return option.type === "boolean"
      ? { ...shape, value: String(option.currentValue), choices: ON_OFF }
      : { ...shape, value: option.currentValue, choices: choicesOf(option) }
  })
  if (modes === null || options.some(({ category }) => category === "mode")) return options
  const { currentModeId: value, availableModes } = modes
  const choices = availableModes.map(({ id, name, description }) => choice(id, name, description))
  return [{ id: MODES, name: "Mode", category: "mode", value, choices }, ...options]
}

const ON_OFF = [
  { value: "true", name: "On" },
  { value: "false", name: "Off" },
]

const choicesOf = ({ options }: SessionConfigSelect) =>
  options
    .flatMap((entry) => ("group" in entry ? entry.options : [entry]))
    .map(({ value, name, description }) => choice(value, name, description))

const choice = (value: string, name: string, description: string | null | undefined) => ({
  value,
  name,
  ...(description && { description }),
})

export const commandsOf = (commands: readonly AvailableCommand[]): SlashCommand[] =>
  commands.map(({ name, description, input }) => ({
    name,
    description: description.slice(0, 500),
    ...(input?.hint && { hint: input.hint }),
  }))

/**
 * The agent's own mode for one of ours: always the one in which it leaves the answers to us, so that every rule
 * holds and everything is on record. In `bypass` too: there we say yes to what it asks, and an agent that would
 * not run without asking (Claude Code as root) does.
 */
const OWN_MODES: Record<PermissionMode, readonly string[]> = {
  ask: ["default", "manual", "read-only", "build"],
  accept_edits: ["acceptEdits", "autoEdit", "auto_edit", "workspace-write", "default", "build"],
  read_only: ["read-only", "default", "plan"],
  bypass: ["workspace-write", "default", "build"],
}

/** `null` where the agent has no such mode: then our own answers are all there is. */
export function ownModeFor(mode: PermissionMode, options: readonly ConfigOption[]) {
  const option = options.find(({ category }) => category === "mode")
  const value = OWN_MODES[mode].find((id) => option?.choices.some((one) => one.value === id))
  return option && value !== undefined ? { option, value } : null
}

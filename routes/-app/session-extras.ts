/**
 * What only some agents say of themselves: options to choose from and slash commands. Read with care, since a
 * session may be read by a server that is newer or older than this page.
 */

export interface ConfigOption {
  readonly id: string
  readonly name: string
  readonly category: "model" | "mode" | "effort" | "other"
  readonly value: string
  readonly choices: readonly {
    readonly value: string
    readonly name: string
    readonly description?: string
  }[]
}

export interface SlashCommand {
  readonly name: string
  readonly description: string
  readonly hint?: string
}

type Fields = Readonly<Record<string, unknown>>

const listOf = (value: unknown): readonly Fields[] =>
  Array.isArray(value) ? value.filter((each) => typeof each === "object" && each !== null) : []
const text = (value: unknown): string => (typeof value === "string" ? value : "")

export const configOptionsOf = (session: object): readonly ConfigOption[] =>
  listOf(Reflect.get(session, "configOptions")).map((option) => ({
    id: text(option.id),
    name: text(option.name) || text(option.id),
    category:
      option.category === "model" || option.category === "mode" || option.category === "effort"
        ? option.category
        : "other",
    value: text(option.value),
    choices: listOf(option.choices).map((choice) => ({
      value: text(choice.value),
      name: text(choice.name) || text(choice.value),
      ...(typeof choice.description === "string" && { description: choice.description }),
    })),
  }))

export const slashCommandsOf = (session: object): readonly SlashCommand[] =>
  listOf(Reflect.get(session, "commands")).map(({ name, description, hint }) => ({
    name: text(name).replace(/^\//, ""),
    description: text(description),
    ...(typeof hint === "string" && { hint }),
  }))

/** When a session was put away, where it was. */
export const archivedAtOf = (row: object): string | null => text(Reflect.get(row, "archivedAt")) || null

/**
 * What only some agents say of themselves: options to choose from, slash commands, a limit they wait for. Read
 * with care, since a session may have been written by a server that is newer than this page.
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

export interface Limit {
  readonly kind: string
  readonly message: string
  readonly until: string | null
  readonly resumes: boolean
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

export function limitOf(session: object): Limit | null {
  const limit: unknown = Reflect.get(session, "limit")
  if (typeof limit !== "object" || limit === null) return null
  const { kind, message, until, resumes } = limit as Fields
  return {
    kind: text(kind),
    message: text(message),
    until: typeof until === "string" ? until : null,
    resumes: resumes === true,
  }
}

/** When a session was put away, where it was. */
export const archivedAtOf = (row: object): string | null => text(Reflect.get(row, "archivedAt")) || null

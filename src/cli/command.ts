/** What a command is, how its words are read, and how it explains itself. */
import { parseArgs } from "node:util"
import { closest } from "#streams/closest"
import type { Deps } from "./deps.ts"
import type { Io } from "./io.ts"
import { usage } from "./refusal.ts"

interface Flag {
  readonly type: "string" | "boolean"
  readonly help: string
  /** What stands for the value in the help. */
  readonly value?: string
  readonly short?: string
  /** It may be given more than once. */
  readonly multiple?: true
}
export type Flags = Readonly<Record<string, Flag>>

type Values<Given extends Flags> = {
  readonly [Name in keyof Given]?: Given[Name]["type"] extends "boolean"
    ? boolean
    : Given[Name]["multiple"] extends true
      ? readonly string[]
      : string
}

interface Invocation<Given extends Flags = Flags> {
  readonly values: Values<Given>
  readonly positionals: readonly string[]
  readonly json: boolean
  readonly io: Io
  readonly deps: Deps
}

interface Definition<Given extends Flags> {
  readonly name: string
  readonly summary: string
  /** `ID`, or `[TEXT]` when it may be left out; a last one with `...` takes all that follows. */
  readonly positionals: readonly string[]
  readonly flags: Given
  /** What `--json` prints. */
  readonly json: string
  readonly more?: string
  /** Gives the exit code. */
  run(invocation: Invocation<Given>): Promise<number>
}

export interface Command extends Omit<Definition<Flags>, "run"> {
  run(words: readonly string[], surroundings: Pick<Invocation, "io" | "deps">): Promise<number>
}

const COMMON = {
  help: { type: "boolean", short: "h", help: "show this" },
  json: { type: "boolean", help: "" },
} as const satisfies Flags

export function defineCommand<const Given extends Flags>(definition: Definition<Given>): Command {
  const flags: Flags = {
    ...definition.flags,
    ...COMMON,
    json: { ...COMMON.json, help: definition.json },
  }
  return {
    ...definition,
    flags,
    async run(words, { io, deps }) {
      const { values, positionals } = parse(definition, flags, words)
      if (values.help === true) {
        io.stdout.write(helpOf(definition, flags))
        return 0
      }
      checkCount(definition, positionals)
      const given = values as Values<Given>
      return await definition.run({ values: given, positionals, json: values.json === true, io, deps })
    },
  }
}

type Named = Pick<Definition<Flags>, "name" | "positionals">

function parse(command: Named, flags: Flags, words: readonly string[]) {
  const options = Object.fromEntries(
    Object.entries(flags).map(([name, { type, short, multiple = false }]) => [
      name,
      { type, multiple, ...(short && { short }) },
    ]),
  )
  try {
    return parseArgs({ args: [...words], options, allowPositionals: true, strict: true })
  } catch (error) {
    throw usage(faultOf(command, flags, words, error as NodeJS.ErrnoException))
  }
}

function faultOf(
  command: Named,
  flags: Flags,
  words: readonly string[],
  error: NodeJS.ErrnoException,
): string {
  const see = `\`agentz ${command.name} --help\` shows what there is.`
  if (error.code !== "ERR_PARSE_ARGS_UNKNOWN_OPTION")
    return `${error.message.split(". ")[0]?.replace(/\.$/, "")}. ${see}`
  const names = Object.keys(flags)
  const strange = words.find((word) => {
    const [, name] = /^--([^=]+)/.exec(word) ?? []
    return (name !== undefined && !names.includes(name)) || /^-[^-]/.test(word)
  })
  const guess = closest((strange ?? "").replace(/^-+/, "").split("=", 1)[0] ?? "", names)
  return `There is no option ${strange ?? ""}. ${guess ? `Did you mean --${guess}?` : see}`
}

function checkCount({ name, positionals: wanted }: Named, given: readonly string[]): void {
  const needed = wanted.filter((one) => !one.startsWith("["))
  const missing = needed[given.length]
  if (missing !== undefined)
    throw usage(`${missing.replace("...", "")} is missing: agentz ${[name, ...wanted].join(" ")}`)
  const open = wanted.at(-1)?.includes("...") === true
  if (!open && given.length > wanted.length)
    throw usage(`“${given[wanted.length]}” is one word too many: agentz ${[name, ...wanted].join(" ")}`)
}

/** The command's own page. */
function helpOf(command: Omit<Definition<Flags>, "run" | "flags">, flags: Flags): string {
  const rows = Object.entries(flags).map(([name, { short, value, help }]) => {
    const left = `${short ? `-${short}, ` : "    "}--${name}${value ? ` ${value}` : ""}`
    return `  ${left.padEnd(26)} ${help}`
  })
  const head = `agentz ${[command.name, ...command.positionals].join(" ")} [options]`
  const more = command.more === undefined ? "" : `\n${command.more.trim()}\n`
  return `${head}\n\n${command.summary}\n${more}\nOptions:\n${rows.join("\n")}\n`
}

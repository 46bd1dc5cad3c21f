/**
 * What an agent inside the daemon can do in the working directory. A tool turns a model's arguments into a call
 * that can be shown, asked about and run; what was shown is what is run.
 */
import type { z } from "zod"
import type { ToolContent, ToolKind } from "#streams/event"
import type { NoteTools } from "../../notes/notes.ts"
import type { Enclosure } from "../../process/enclosure.ts"
import type { Confinement } from "./confinement.ts"

/** Where tools work. */
export interface Workplace {
  readonly files: Confinement
  /** For every process that a tool starts. No keys in it. */
  readonly toolEnv: Readonly<Record<string, string>>
  /** Where it starts them. */
  readonly enclosure: Enclosure
  /** The agent's own notes, where it may keep any. */
  readonly notes?: NoteTools | undefined
}

export interface Running {
  readonly toolCallId: string
  readonly signal: AbortSignal
  /** What the tool prints, while it prints it. */
  onOutput(text: string): void
}

export interface ToolResult {
  /** For the model and the reader; capped. */
  readonly output: string
  /** For the reader: all of it, where the output leaves something out. */
  readonly whole?: string
  readonly failed?: boolean
}

/** Arguments that were understood. */
export interface Call {
  readonly tool: string
  readonly title: string
  readonly kind: ToolKind
  /** Whether a person must allow it. */
  readonly asks: boolean
  /** The arguments in one spelling: the same call has the same input. */
  readonly input: unknown
  readonly locations: readonly { readonly path: string }[]
  /** What it would change. */
  readonly content: readonly ToolContent[]
  run(running: Running): Promise<ToolResult>
}

export interface Tool {
  readonly name: string
  readonly description: string
  readonly kind: ToolKind
  readonly input: z.ZodType
  /** Throws {@link ToolError} where the arguments make no sense or lead out of the working directory. */
  call(args: unknown, place: Workplace): Promise<Call>
}

/** A failure to tell the model: it may try something else. */
export class ToolError extends Error {
  override readonly name = "ToolError"
}

/** Types what a tool's schema infers, and hides it from whoever uses the tool. */
export function defineTool<Schema extends z.ZodType>(tool: {
  readonly name: string
  readonly description: string
  readonly kind: ToolKind
  readonly asks: boolean
  readonly input: Schema
  open(
    input: z.infer<Schema>,
    place: Workplace,
  ): Promise<{
    readonly title: string
    readonly paths?: readonly string[]
    readonly content?: readonly ToolContent[]
    run(running: Running): Promise<ToolResult>
  }>
}): Tool {
  const { name, description, kind, asks } = tool
  return {
    name,
    description,
    kind,
    input: tool.input,
    async call(args, place) {
      const parsed = tool.input.safeParse(args)
      if (!parsed.success)
        throw new ToolError(
          `Wrong arguments for ${name}: ${parsed.error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`).join("; ")}`,
        )
      const { title, paths = [], content = [], run } = await tool.open(parsed.data, place)
      const locations = paths.map((path) => ({ path }))
      return { tool: name, title, kind, asks, input: parsed.data, locations, content, run }
    },
  }
}

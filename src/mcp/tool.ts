/**
 * A tool: a schema in, one call, a schema out. What goes wrong is told to the model as the tool's answer, with our
 * slug and the remedy, so that it can do better; it is never a failure of the protocol.
 */
import { type CallToolResult, type Tool as ToolInfo, ToolSchema } from "@modelcontextprotocol/sdk/types.js"
import { z } from "zod"
import { inputSentence } from "../input-sentence.ts"
import { Key } from "../inputs.ts"
import { errorFields, type Log } from "../log.ts"
import type { ControlPlane } from "../plane.ts"
import { Problem } from "../problem.ts"
import type { Caller, Needs } from "./caller.ts"

/** How long a call may wait. Clients give up on a call after a minute. */
const MOST_SECONDS = 50

export const WaitSeconds = z.number().min(0).max(MOST_SECONDS)
export const ToldKey = Key.describe(
  "give one, and give it again when you try again: the same key is done once",
)

/** Two callers may think of the same key, and mean different things. */
export const keyFor = ({ id }: Caller, key: string | undefined): string | undefined =>
  key === undefined || id === null ? key : `${id} ${key}`

export interface Call {
  readonly plane: ControlPlane
  readonly caller: Caller
  /** Aborts when nobody waits for the answer any more. */
  readonly signal: AbortSignal
  readonly log: Log
}

export interface Tool extends Needs {
  readonly info: ToolInfo
  call(input: unknown, call: Call): Promise<CallToolResult>
}

interface Definition<Input extends z.ZodObject, Output extends z.ZodObject> extends Needs {
  readonly name: string
  readonly title: string
  /** For a model: what it does, and what to do with its answer. */
  readonly description: string
  readonly input: Input
  readonly output: Output
  /** It ends or undoes something. */
  readonly destructive?: boolean
  run(input: z.output<Input>, call: Call): Promise<z.input<Output>>
}

export function defineTool<Input extends z.ZodObject, Output extends z.ZodObject>(
  definition: Definition<Input, Output>,
): Tool {
  const { name, title, description, input, output, area, writes, destructive = false } = definition
  const annotations = { readOnlyHint: !writes, destructiveHint: destructive, openWorldHint: writes }
  return {
    area,
    writes,
    info: ToolSchema.parse({
      name,
      title,
      description,
      inputSchema: schemaOf(input, "input"),
      outputSchema: schemaOf(output, "output"),
      annotations,
    }),
    async call(given, call) {
      try {
        const parsed = input.safeParse(given ?? {})
        if (!parsed.success) return refusal({ reason: "invalid_input", message: inputSentence(parsed.error) })
        const answer = output.parse(await definition.run(parsed.data, call))
        return { content: [textOf(answer)], structuredContent: answer }
      } catch (error) {
        if (error instanceof Problem) return refusal(error)
        call.log({ level: "error", event: "tool_failed", tool: name, ...errorFields(error, true) })
        return refusal(BROKEN)
      }
    },
  }
}

/** A client checks `structuredContent` against the schema of the answer, which a refusal does not have. */
export const refusal = ({ reason, message }: Refused): CallToolResult => ({
  content: [textOf({ error: { reason, message } })],
  isError: true,
})

interface Refused {
  readonly reason: string
  readonly message: string
}

const BROKEN: Refused = {
  reason: "internal_error",
  message: "Something broke inside agentz. Nothing was lost; its log tells more.",
}

const textOf = (value: unknown) => ({ type: "text" as const, text: JSON.stringify(value) })

/** In the draft that every client reads. What is refined beyond it is checked all the same. */
const schemaOf = (schema: z.ZodType, io: "input" | "output") =>
  z.toJSONSchema(schema, { io, target: "draft-7", unrepresentable: "any" })

/** What an agent does in a turn: its calls, and what they show. */
import { z } from "zod"
import { event, Turn } from "./stamp.ts"

export const ToolKind = z.enum([
  "read",
  "edit",
  "delete",
  "move",
  "search",
  "execute",
  "think",
  "fetch",
  "switch_mode",
  "other",
])
export type ToolKind = z.infer<typeof ToolKind>

export const ToolStatus = z.enum(["pending", "in_progress", "completed", "failed"])
export type ToolStatus = z.infer<typeof ToolStatus>

/** What a tool call shows. `oldText: null` is a new file. */
export const ToolContent = z.discriminatedUnion("type", [
  z.object({ type: z.literal("text"), text: z.string() }),
  z.object({
    type: z.literal("diff"),
    path: z.string(),
    oldText: z.string().nullable(),
    newText: z.string(),
  }),
])
export type ToolContent = z.infer<typeof ToolContent>

/** The whole of something that an event has room for only in part: a stream of its own, named `blob`. */
export const BlobRef = z.object({
  blob: z.string(),
  bytes: z.number().int().nonnegative(),
  /** Characters in the middle that it had no room for. */
  leftOut: z.number().int().positive().optional(),
})
export type BlobRef = z.infer<typeof BlobRef>

const Location = z.object({ path: z.string(), line: z.number().int().optional() })

const ToolFields = {
  title: z.string(),
  kind: ToolKind,
  status: ToolStatus,
  locations: z.array(Location),
  /** The arguments as the agent gave them. Absent where it gave none: JSON has no `undefined`. */
  input: z.unknown().optional(),
  content: z.array(ToolContent),
  /** What the tool printed or returned, capped; `outputTruncated` says when. */
  output: z.string(),
  outputTruncated: z.boolean(),
  /** Where all of the output is, when the event has it only in part. */
  outputBlob: BlobRef,
  /** Of the command, where there was one; `null` when it was ended by a signal. */
  exitCode: z.number().int().nullable(),
  /** The call was cut off by the end of its turn rather than by its own failure. */
  interrupted: z.boolean(),
}

export const ToolCall = event("tool_call", {
  ...Turn,
  toolCallId: z.string(),
  ...ToolFields,
  output: ToolFields.output.optional(),
  outputTruncated: ToolFields.outputTruncated.optional(),
  outputBlob: ToolFields.outputBlob.optional(),
  exitCode: ToolFields.exitCode.optional(),
  interrupted: ToolFields.interrupted.optional(),
})

/** Fields that are there replace those of the call; `appendOutput` is added to its output. */
export const ToolCallUpdate = event("tool_call_update", {
  ...Turn,
  toolCallId: z.string(),
  ...z.object(ToolFields).partial().shape,
  appendOutput: z.string().optional(),
})

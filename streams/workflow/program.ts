/** What the session of a step of kind `command` is told: its only message, as JSON. */
import { z } from "zod"

/** The type of agent that such a session has. It runs one program, and is offered to nobody else. */
export const COMMAND_AGENT = "command"

export const Program = z.object({
  /** A text is a line for the shell; a list is a program and its arguments. */
  command: z.union([z.string().min(1), z.array(z.string()).min(1)]),
  env: z.record(z.string(), z.string()).optional(),
  /** It is ended after so long. */
  timeoutMs: z.number().positive().optional(),
})
export type Program = z.infer<typeof Program>

/** Slugs of a turn in which the program came to no end of its own. */
export const COMMAND_FAILURES = {
  timedOut: "command_timeout",
  notStarted: "command_not_started",
  unreadable: "command_unreadable",
  interrupted: "command_interrupted",
} as const

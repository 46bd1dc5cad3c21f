/**
 * A run file says which process serves something: enough to tell that very process from any other that the
 * system may give the same number to. It is a hint that is always checked, never the truth.
 */
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs"
import { dirname } from "node:path"
import { z } from "zod"
import { isMissing } from "./missing.ts"

const Identity = { pid: z.number().int().positive(), startTime: z.string(), bootId: z.string() }

/** A file that says no more than which process it is about. */
export const ProcessRun = z.object(Identity)

export const DaemonRun = z.object({
  ...Identity,
  sessionId: z.string(),
  epoch: z.number().int(),
  incarnation: z.string(),
  /** The address of its control socket. */
  socket: z.string().optional(),
})
export type DaemonRun = z.infer<typeof DaemonRun>

export const ServerRun = z.object({ ...Identity, url: z.string(), token: z.string().nullable() })
export type ServerRun = z.infer<typeof ServerRun>

/** Replaces the file in one step, so that no reader sees half of it. */
export function writeRunFile(path: string, run: Readonly<Record<string, unknown>>): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  const draft = `${path}.${process.pid}`
  writeFileSync(draft, `${JSON.stringify(run)}\n`, { mode: 0o600 })
  renameSync(draft, path)
}

/** `null` when there is none, or it is not ours to understand. Throws where it is there and cannot be read. */
export function readRunFile<Schema extends z.ZodType>(path: string, schema: Schema): z.infer<Schema> | null {
  try {
    const parsed = schema.safeParse(JSON.parse(readFileSync(path, "utf8")))
    return parsed.success ? parsed.data : null
  } catch (error) {
    if (isMissing(error) || error instanceof SyntaxError) return null
    throw error
  }
}

/** Removes the file if it still names this process. */
export function removeRunFile(path: string, pid: number): void {
  if (readRunFile(path, z.object({ pid: z.number() }))?.pid === pid) rmSync(path, { force: true })
}

/** Clocks on the wall that can be set while the processes run that go by them. */
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { type Preloaded, preloaded } from "./preloaded.ts"

/** `api` is also that of commands and workers. */
export const CLOCKS = ["api", "daemon", "streams"] as const

export async function jumpingClocks(): Promise<
  Preloaded & { set(kind: (typeof CLOCKS)[number], ms: number): void }
> {
  const processes = await preloaded("jumping-clock.mjs")
  const set = (kind: (typeof CLOCKS)[number], ms: number) =>
    writeFileSync(join(processes.dir, kind), String(ms))
  for (const kind of CLOCKS) set(kind, 0)
  return { ...processes, set }
}

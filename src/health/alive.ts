/** What `GET /healthz` says: that the API lives, and how far it is with what was lost. */
import { version } from "../package-root.ts"
import type { ControlPlane } from "../plane.ts"
import type { RecoveryProgress } from "../workspaces/recovering.ts"

export interface Alive {
  readonly ok: true
  readonly name: "agentz"
  readonly version: string
  readonly pid: number
  /** There where work trees were gone when it started. */
  readonly recovery?: RecoveryProgress
}

export function alive({ recovery }: Pick<ControlPlane, "recovery">): Alive {
  const progress = recovery()
  const known = { ok: true, name: "agentz", version, pid: process.pid } as const
  return progress.total === 0 ? known : { ...known, recovery: progress }
}

/** What a daemon says before all else: who it is, and what a person should know of its start. */
import type { Repository, Unstamped } from "#streams/event"
import type { Session } from "#streams/session"
import { identityOf } from "./process/identity.ts"
import { machineName } from "./process/machine.ts"
import type { DaemonSpec } from "./spec.ts"
import { bypassNotice, missingServerNotice, remadeNotices } from "./start-notices.ts"
import { version } from "./version.ts"

export interface Found {
  readonly isolation: string
  /** `null`: the directory is in no repository. */
  readonly repository: Repository | null
  /** Of what was found when its files were opened. */
  readonly notices: readonly Unstamped[]
}

/** `before`: the session as the daemon before it left it. */
export function firstWords(
  spec: DaemonSpec,
  { isolation, repository, notices }: Found,
  before: Session,
): readonly Unstamped[] {
  const { agentType, workingDir, model, permissionMode, incarnation, limits } = spec
  return [
    {
      type: "session_started",
      agentType,
      workingDir,
      ...(model !== undefined && { model }),
      permissionMode,
      ...identityOfSelf(),
      host: machineName(),
      incarnation,
      version,
      isolation,
      ...(limits && { limits }),
      ...(repository && { git: repository }),
    },
    ...notices,
    ...(permissionMode === "bypass" && before.permissionMode !== "bypass" ? [bypassNotice] : []),
    ...(spec.missingMcpServers ?? []).map(missingServerNotice),
    ...remadeNotices(spec.remade, before),
  ]
}

const identityOfSelf = (): Pick<NonNullable<ReturnType<typeof identityOf>>, "pid" | "startTime" | "bootId"> =>
  identityOf(process.pid) ?? { pid: process.pid, startTime: "", bootId: "" }

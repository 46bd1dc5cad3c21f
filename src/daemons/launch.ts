/** Whether a grant that nothing came of may still become a daemon. */
import { bootId, isSame } from "#daemon/process/identity"
import { machineName } from "#daemon/process/machine"
import { processesOf } from "#daemon/process/tree"
import type { Inbox } from "../grant.ts"

/** In the environment of a daemon: it is found by this before it has said who it is. */
export const INCARNATION = "AGENTZ_INCARNATION"
/** The home whose daemon it is. */
export const DAEMON_OF = "AGENTZ_DAEMON_OF"

/**
 * `false` only where it is certain: whoever was granted it is dead, and so is what it started. By evidence and not by
 * age, so that a control plane which starts after a crash knows at once, whatever its clock says.
 */
export function mayCome({ daemonGrant: grant }: Inbox): boolean {
  if (grant === null) return false
  const { by } = grant
  if (by === undefined || by.host !== machineName()) return true
  if (by.bootId !== bootId()) return false
  return isSame(by) || processesOf({ marker: [INCARNATION, grant.incarnation] }).length > 0
}

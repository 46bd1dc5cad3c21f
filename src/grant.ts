/**
 * Epoch grants. The next epoch of a session is claimed by compare-and-append on its inbox: of many claimants
 * exactly one succeeds. Producer epochs alone are no claim, since two claimants of one epoch both read success.
 */
import { randomUUID } from "node:crypto"
import { identityOf } from "#daemon/process/identity"
import { machineName } from "#daemon/process/machine"
import { type Command, parseCommand, streamSeqOf } from "#streams/command"
import type { SessionId } from "#streams/ids"
import { paths } from "#streams/paths"
import { appendTo, readToTail, START } from "#streams/stream"
import { type FindEndpoint, type Patience, StreamError } from "#streams/transport"

export interface Inbox {
  readonly commands: readonly Command[]
  /** The highest epoch granted so far; 0 before the first. */
  readonly epoch: number
  /** The highest one granted to a daemon, and its grant; 0 and `null` before the first. */
  readonly daemonEpoch: number
  readonly daemonGrant: Extract<Command, { type: "starting" }> | null
  readonly offset: string
}

export async function readInbox(
  endpoint: FindEndpoint,
  sessionId: SessionId,
  patience?: Patience,
): Promise<Inbox> {
  const commands: Command[] = []
  let offset = START
  for await (const batch of readToTail(endpoint, paths.inbox(sessionId), patience)) {
    commands.push(...batch.items.map(parseCommand).filter((command) => command !== null))
    offset = batch.offset
  }
  const grants = commands.filter((command) => command.type === "starting")
  const daemon = grants.filter(({ purpose }) => purpose === "daemon").at(-1)
  return {
    commands,
    offset,
    epoch: grants.at(-1)?.epoch ?? 0,
    daemonEpoch: daemon?.epoch ?? 0,
    daemonGrant: daemon ?? null,
  }
}

export interface Grant {
  readonly epoch: number
  readonly incarnation: string
}

/** Claims the epoch after `inbox.epoch`. `null` when somebody else did. */
export async function grantEpoch(
  endpoint: FindEndpoint,
  sessionId: SessionId,
  {
    inbox,
    purpose,
    resume = false,
    ...patience
  }: Patience & { readonly inbox: Inbox; readonly purpose: "daemon" | "closing"; readonly resume?: boolean },
): Promise<Grant | null> {
  const grant = { epoch: inbox.epoch + 1, incarnation: randomUUID() }
  const self = identityOf(process.pid)
  const by = self === null ? undefined : { ...self, host: machineName() }
  const command = { type: "starting", at: new Date().toISOString(), ...grant, purpose, resume, by }
  try {
    await appendTo(endpoint, paths.inbox(sessionId), [command], {
      ...patience,
      streamSeq: streamSeqOf(grant.epoch),
    })
    return grant
  } catch (error) {
    if (!(error instanceof StreamError) || error.code !== "conflict") throw error
    // A request that was answered by a cut connection is sent again, and then conflicts with itself.
    const { commands } = await readInbox(endpoint, sessionId, patience)
    return commands.some((one) => one.type === "starting" && one.incarnation === grant.incarnation)
      ? grant
      : null
  }
}

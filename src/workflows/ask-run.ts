/** What is asked of a run goes into its inbox, and then into the list of runs, by which its worker hears of it. */
import { type CommandId, commandIdOf, newCommandId, type RunId } from "#streams/ids"
import { paths } from "#streams/paths"
import { appendTo, createStream } from "#streams/stream"
import { StreamError } from "#streams/transport"
import type { RunCommand } from "#streams/workflow/command"
import { askedRowChange, runsToldOf } from "#streams/workflow/registry"
import type { PlaneContext } from "../plane-context.ts"

type DistributiveOmit<Union, Keys extends PropertyKey> = Union extends unknown ? Omit<Union, Keys> : never
export type Undated = DistributiveOmit<RunCommand, "commandId" | "at">

/** Resolves when it is durable. The same key is the same command. */
export async function askRun(
  context: Pick<PlaneContext, "endpoint" | "patience" | "change">,
  runId: RunId,
  command: Undated,
  key?: string,
): Promise<CommandId> {
  const commandId = key === undefined ? newCommandId() : await commandIdOf(runId, key)
  const dated = { ...command, commandId, at: new Date().toISOString() }
  const { offset } = await appendToInbox(context, runId, dated)
  await context.change([runsToldOf([askedRowChange({ runId, offset })])])
  return commandId
}

/** Most runs are never asked for anything: whoever is the first to ask makes the inbox. */
async function appendToInbox(
  { endpoint, patience }: Pick<PlaneContext, "endpoint" | "patience">,
  runId: RunId,
  command: RunCommand,
): Promise<{ readonly offset: string }> {
  const inbox = paths.runInbox(runId)
  try {
    return await appendTo(endpoint, inbox, [command], patience)
  } catch (error) {
    if (!(error instanceof StreamError) || error.code !== "stream_missing") throw error
    await createStream(endpoint, inbox, patience)
    return await appendTo(endpoint, inbox, [command], patience)
  }
}

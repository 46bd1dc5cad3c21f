/** What is asked of a run goes into its inbox, and then into the list of runs, by which its worker hears of it. */
import { type CommandId, commandIdOf, newCommandId, type RunId } from "#streams/ids"
import { paths } from "#streams/paths"
import { appendTo } from "#streams/stream"
import type { RunCommand } from "#streams/workflow/command"
import { askedRowChange } from "#streams/workflow/registry"
import type { PlaneContext } from "../plane-context.ts"

type DistributiveOmit<Union, Keys extends PropertyKey> = Union extends unknown ? Omit<Union, Keys> : never
export type Undated = DistributiveOmit<RunCommand, "commandId" | "at">

/** Resolves when it is durable. The same key is the same command. */
export async function askRun(
  { endpoint, patience }: Pick<PlaneContext, "endpoint" | "patience">,
  runId: RunId,
  command: Undated,
  key?: string,
): Promise<CommandId> {
  const commandId = key === undefined ? newCommandId() : await commandIdOf(runId, key)
  const dated = { ...command, commandId, at: new Date().toISOString() }
  const { offset } = await appendTo(endpoint, paths.runInbox(runId), [dated], patience)
  await appendTo(endpoint, paths.runs, [askedRowChange({ runId, offset })], patience)
  return commandId
}

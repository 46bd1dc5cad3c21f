/** Reads what was asked of one run, from where it was read last. */
import type { RunId } from "#streams/ids"
import { paths } from "#streams/paths"
import { readToTail, START } from "#streams/stream"
import type { FindEndpoint, Patience } from "#streams/transport"
import { parseRunCommand, type RunCommand } from "#streams/workflow/command"

export interface RunInbox {
  /** Behind the last command that was read. */
  readonly offset: string
  /** There is something behind `offset`: the next `read` looks. */
  asked(): void
  read(): Promise<readonly RunCommand[]>
}

export function runInboxOf(endpoint: FindEndpoint, runId: RunId, patience: Patience): RunInbox {
  let offset = START
  // Whoever takes a run over reads all of it: the log knows what was answered.
  let isAsked = true
  return {
    get offset() {
      return offset
    },
    asked() {
      isAsked = true
    },
    async read() {
      const commands: RunCommand[] = []
      if (!isAsked) return commands
      isAsked = false
      for await (const batch of readToTail(endpoint, paths.runInbox(runId), { ...patience, offset })) {
        commands.push(...batch.items.map(parseRunCommand).filter((command) => command !== null))
        offset = batch.offset
      }
      return commands
    },
  }
}

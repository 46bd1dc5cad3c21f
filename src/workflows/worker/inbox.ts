/** Reads what was asked of one run, from where it was read last. */
import type { RunId } from "#streams/ids"
import { paths } from "#streams/paths"
import { readToTail, START } from "#streams/stream"
import { type FindEndpoint, type Patience, StreamError } from "#streams/transport"
import { parseRunCommand, type RunCommand } from "#streams/workflow/command"

export interface RunInbox {
  /** Behind the last command that was read. */
  readonly offset: string
  /** There is something behind `offset`: the next `read` looks. */
  asked(): void
  read(): Promise<readonly RunCommand[]>
}

/** `isAsked`: whether there may be something in it already. */
export function runInboxOf(
  endpoint: FindEndpoint,
  runId: RunId,
  { isAsked: isAskedBefore, ...patience }: Patience & { readonly isAsked: boolean },
): RunInbox {
  let offset = START
  let isAsked = isAskedBefore

  async function readOn(): Promise<readonly RunCommand[]> {
    const commands: RunCommand[] = []
    for await (const batch of readToTail(endpoint, paths.runInbox(runId), { ...patience, offset })) {
      commands.push(...batch.items.map(parseRunCommand).filter((command) => command !== null))
      offset = batch.offset
    }
    return commands
  }

  return {
    get offset() {
      return offset
    },
    asked() {
      isAsked = true
    },
    async read() {
      if (!isAsked) return []
      isAsked = false
      try {
        return await readOn()
      } catch (error) {
        // It is made by the first who asks for something.
        if (!(error instanceof StreamError) || error.code !== "stream_missing") throw error
        return []
      }
    },
  }
}

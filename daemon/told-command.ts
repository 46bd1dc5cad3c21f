/** A command of the repository's, told like a call of a tool, so its output is where that of all commands is. */
import type { Unstamped } from "#streams/event"
import type { TurnId } from "#streams/ids"
import { coalesce } from "./acp/coalesce.ts"
import { type Ended, runCommand } from "./agents/tools/command.ts"
import type { Workplace } from "./agents/tools/tool.ts"

export interface ToldCommand {
  readonly turnId: TurnId
  readonly toolCallId: string
  readonly title: string
  readonly command: string
  readonly minutes: number
  readonly signal: AbortSignal
}

export interface CommandPlace {
  readonly workingDir: string
  readonly place: Pick<Workplace, "enclosure" | "toolEnv">
  readonly publish: (event: Unstamped) => void
}

/** Gives how it failed, in words; `null` where it did not. */
export async function runTold(
  { turnId, toolCallId, title, command, minutes, signal }: ToldCommand,
  { workingDir, place, publish }: CommandPlace,
): Promise<string | null> {
  const call = { type: "tool_call", turnId, toolCallId, title, kind: "execute" } as const
  publish({ ...call, status: "in_progress", locations: [], input: { command }, content: [] })
  using output = coalesce(publish)
  const ended = await runCommand(
    { argv: ["/bin/sh", "-c", command], cwd: workingDir, timeoutMs: minutes * 60_000 },
    place,
    {
      toolCallId: `${toolCallId}-${turnId}`,
      signal,
      onOutput: (appendOutput) => output.push({ type: "tool_call_update", turnId, toolCallId, appendOutput }),
    },
  )
  output.flush()
  const failed = ended.how.ending !== "exited" || ended.how.code !== 0
  publish({
    type: "tool_call_update",
    ...{ turnId, toolCallId, status: failed ? "failed" : "completed", output: ended.output },
    ...(ended.whole !== null && { outputTruncated: true }),
    exitCode: ended.how.ending === "exited" ? ended.how.code : null,
  })
  return failed ? wordsOf(ended) : null
}

const wordsOf = ({ how }: Ended): string =>
  how.ending === "exited"
    ? `ended with code ${how.code}`
    : how.ending === "timed out"
      ? "took too long"
      : "was ended"

import { z } from "zod"
import { type Ended, runCommand } from "./command.ts"
import { defineTool } from "./tool.ts"

const DEFAULT_SECONDS = 120

export const bash = defineTool({
  name: "bash",
  description:
    "Runs a bash command in the working directory and returns what it printed. There is no input and no terminal. " +
    "Processes it leaves in the background are ended when it ends.",
  kind: "execute",
  asks: true,
  input: z.object({
    command: z.string().min(1).describe("The command line"),
    timeout_seconds: z.number().positive().max(3600).optional().describe(`Default ${DEFAULT_SECONDS}`),
  }),
  async open({ command, timeout_seconds = DEFAULT_SECONDS }, place) {
    return {
      title: `Run ${firstLineOf(command)}`,
      async run(running) {
        const ended = await runCommand(
          { argv: ["/bin/bash", "-c", command], cwd: place.files.root, timeoutMs: timeout_seconds * 1000 },
          place,
          running,
        )
        const notes = notesOn(ended, timeout_seconds)
        const noted = (output: string) =>
          [output.trimEnd(), ...notes].filter(Boolean).join("\n") || "(no output)"
        return {
          output: noted(ended.output),
          ...(ended.whole !== null && { whole: noted(ended.whole) }),
          failed: ended.how.ending !== "exited" || ended.how.code !== 0,
        }
      },
    }
  },
})

function notesOn({ how, leftBehind }: Ended, seconds: number): string[] {
  const notes: string[] = []
  if (how.ending === "timed out") notes.push(`[ended after the time limit of ${seconds} s]`)
  if (how.ending === "cancelled") notes.push("[cancelled by the user]")
  if (how.ending === "killed") notes.push(`[ended by ${how.signal}]`)
  if (how.ending === "exited" && how.code !== 0) notes.push(`[exit code ${how.code}]`)
  if (leftBehind > 0) notes.push("[processes left in the background were ended]")
  return notes
}

function firstLineOf(command: string): string {
  const [line = "", ...rest] = command.trim().split("\n")
  return line.length > 120 || rest.length > 0 ? `${line.slice(0, 120)}…` : line
}

/** One tool call from its announcement to its result, told to the client as it goes. */
import { errorText } from "#streams/error-text"
import { META } from "../adapter.ts"
import { contentOf, type Turn } from "../turn.ts"
import { OUTPUT_LIMIT } from "./capped-text.ts"
import { tools as allTools } from "./index.ts"
import { type Call, type Tool, ToolError, type ToolResult, type Workplace } from "./tool.ts"

export interface CallRequest {
  readonly toolCallId: string
  readonly tool: string
  readonly args: unknown
  /** `false` where the user's own words already allowed it. */
  readonly ask?: boolean
}

export interface Performed extends ToolResult {
  readonly denied: boolean
}

const REFUSED = "The user refused this call; it was not run. Do not try it again: go on without it."
const CANCELLED = "Cancelled by the user."

/** Never throws for what a tool or its arguments do: that is a result. Rejects when the turn is cancelled. */
export async function perform(
  request: CallRequest,
  place: Workplace,
  turn: Turn,
  tools: ReadonlyMap<string, Tool> = allTools,
): Promise<Performed> {
  const { toolCallId } = request
  let call: Call
  try {
    call = await open(request, place, tools)
  } catch (error) {
    const output = errorText(error)
    const title = `${request.tool} (not possible)`
    const kind = tools.get(request.tool)?.kind ?? "other"
    await turn.toolCall({ toolCallId, title, kind, status: "pending", rawInput: request.args })
    await turn.toolEnded(toolCallId, "failed", output)
    return { output, failed: true, denied: false }
  }
  const { title, kind, input, locations } = call
  const content = contentOf(call.content)
  await turn.toolCall({
    toolCallId,
    title,
    kind,
    status: "pending",
    rawInput: input,
    content,
    locations: [...locations],
  })
  try {
    const asks = call.asks && request.ask !== false
    const answer = asks ? await turn.ask({ toolCallId, ...call }) : null
    if (answer?.allowed === false) {
      const output = answer.note === null ? REFUSED : `${REFUSED} They said: ${answer.note}`
      await turn.toolEnded(toolCallId, "failed", output)
      return { output, failed: true, denied: true }
    }
    await turn.toolUpdate({ toolCallId, status: "in_progress" })
  } catch (error) {
    if (turn.signal.aborted) await turn.toolEnded(toolCallId, "failed", CANCELLED)
    throw error
  }
  const result = await run(call, toolCallId, turn)
  await turn.toolEnded(toolCallId, result.failed ? "failed" : "completed", result.whole ?? result.output)
  turn.signal.throwIfAborted()
  return { ...result, denied: false }
}

async function open(
  { tool: name, args }: CallRequest,
  place: Workplace,
  tools: ReadonlyMap<string, Tool>,
): Promise<Call> {
  const tool = tools.get(name)
  if (!tool) throw new ToolError(`There is no tool ${name}. There are: ${[...tools.keys()].join(", ")}.`)
  return tool.call(args, place)
}

/** A delta this often is live enough to read and cheap enough to keep. */
const DELTA_MS = 50

async function run(call: Call, toolCallId: string, turn: Turn): Promise<ToolResult> {
  const output = liveOutput(turn, toolCallId)
  try {
    return await call.run({ toolCallId, signal: turn.signal, onOutput: output.add })
  } catch (error) {
    return { output: turn.signal.aborted ? CANCELLED : errorText(error), failed: true }
  } finally {
    await output.end()
  }
}

/** Tells what a call prints while it prints it, up to what an output may hold. */
export function liveOutput(
  turn: Turn,
  toolCallId: string,
): {
  add(text: string): void
  /** Resolves when all of it is told. */
  end(): Promise<void>
} {
  let waiting = ""
  let told = 0
  let timer: NodeJS.Timeout | undefined
  let sent = Promise.resolve()

  const flush = () => {
    timer = undefined
    const text = waiting
    waiting = ""
    const _meta = { [META.outputDelta]: text }
    // Only a cancelled turn refuses an update, and then the tool's own end has all of it.
    if (text) sent = sent.then(() => turn.toolUpdate({ toolCallId, _meta })).catch(() => undefined)
  }
  return {
    add(text) {
      // Past the limit only the end matters, and that comes with the result.
      const part = text.slice(0, OUTPUT_LIMIT - told)
      told += part.length
      waiting += part
      timer ??= setTimeout(flush, DELTA_MS)
    },
    end() {
      clearTimeout(timer)
      flush()
      return sent
    },
  }
}

/** Waits for all calls of a step even if one rejects: nothing of a step may go on after its turn. */
export async function settled<Result>(work: readonly (Result | Promise<Result>)[]): Promise<Result[]> {
  await Promise.allSettled(work)
  return Promise.all(work)
}

/** One answer of the model: streamed, and asked for again when it is cut off or the provider is busy. */
import { setTimeout as sleep } from "node:timers/promises"
import {
  type JSONSchema7,
  jsonSchema,
  type LanguageModel,
  type LanguageModelUsage,
  type ModelMessage,
  streamText,
  type ToolSet,
} from "ai"
import { z } from "zod"
import { AgentFailed } from "../../agent-failed.ts"
import { messageIdOf } from "../call-id.ts"
import { tools } from "../tools/index.ts"
import { noteTools } from "../tools/notes.ts"
import type { Tool } from "../tools/tool.ts"
import type { Turn } from "../turn.ts"
import type { Verdict } from "./verdict.ts"

export interface StepRequest {
  readonly model: LanguageModel
  readonly system: string
  readonly messages: ModelMessage[]
  readonly nonce: string
  readonly index: number
  readonly turn: Turn
  /** Whether it may keep notes. */
  readonly notes: boolean
  verdictOn(error: unknown): Verdict
}

export interface Answer {
  readonly text: string
  readonly calls: readonly { readonly tool: string; readonly input: unknown }[]
  readonly finishReason: string
  readonly usage: LanguageModelUsage
}

// The SDK would print its warnings.
Object.assign(globalThis, { AI_SDK_LOG_WARNINGS: false })

const RETRIES = 3
const FIRST_WAIT_MS = 500
/** Longer than this a person would rather be told. */
const LONGEST_WAIT_MS = 60_000

export async function runStep(request: StepRequest): Promise<Answer> {
  const { turn, nonce, index } = request
  const messageId = messageIdOf(nonce, index)
  for (let attempt = 0; ; attempt++) {
    const said = { text: "" }
    try {
      return await stream(request, { messageId, thoughtId: `thought_${nonce}_s${index}_r${attempt}`, said })
    } catch (error) {
      turn.signal.throwIfAborted()
      const { failure, retry, afterMs, category } = request.verdictOn(error)
      const wait = afterMs ?? FIRST_WAIT_MS * 2 ** attempt
      if (!retry || attempt === RETRIES || wait > LONGEST_WAIT_MS)
        throw new AgentFailed(failure, { cause: error })
      const title = `${failure.message} Trying again.`
      await turn.notice({
        severity: "warning",
        category,
        title,
        retry: { attempt: attempt + 1, max: RETRIES },
      })
      await sleep(wait, undefined, { signal: turn.signal })
      if (said.text !== "") await turn.reset(messageId)
    }
  }
}

/** Their arguments are checked where they are run, so here the schema is only told. */
const offered = (tools: readonly Tool[]): ToolSet =>
  Object.fromEntries(
    tools.map(({ name, description, input }) => [
      name,
      { description, inputSchema: jsonSchema<never>(z.toJSONSchema(input, { io: "input" }) as JSONSchema7) },
    ]),
  )
const ALL = offered([...tools.values()])
const WITHOUT_NOTES = offered([...tools.values()].filter((tool) => !noteTools.includes(tool)))

async function stream(
  { model, system, messages, turn, notes }: StepRequest,
  out: { readonly messageId: string; readonly thoughtId: string; readonly said: { text: string } },
): Promise<Answer> {
  const { fullStream } = streamText({
    model,
    system,
    messages,
    tools: notes ? ALL : WITHOUT_NOTES,
    // Trying again is ours: the SDK cannot do it once the stream has begun, and tells nobody.
    maxRetries: 0,
    abortSignal: turn.signal,
    // The error comes as a part of the stream too; without this it is also printed.
    onError: () => undefined,
  })
  const calls: { tool: string; input: unknown }[] = []
  for await (const part of fullStream) {
    turn.signal.throwIfAborted()
    switch (part.type) {
      case "text-delta":
        out.said.text += part.text
        if (part.text !== "") await turn.say(out.messageId, part.text)
        break
      case "reasoning-delta":
        if (part.text !== "") await turn.think(out.thoughtId, part.text)
        break
      case "tool-call":
        calls.push({ tool: part.toolName, input: part.input })
        break
      case "error":
        throw part.error
      case "finish-step":
        return { text: out.said.text, calls, finishReason: part.finishReason, usage: part.usage }
    }
  }
  turn.signal.throwIfAborted()
  throw new Error("the answer had no end")
}

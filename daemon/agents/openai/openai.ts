/**
 * An agent on any service that speaks the OpenAI chat protocol. The loop is ours, one answer of the model per step,
 * so that every approval is a question to the client. It keeps no memory: the conversation is rebuilt from the
 * transcript at each prompt, which is why it survives the death of its process.
 */
import { createOpenAICompatible } from "@ai-sdk/openai-compatible"
import { AgentFailed } from "../../agent-failed.ts"
import { type AgentOptions, inProcess, type OpenAdapter, type TurnUsage } from "../adapter.ts"
import { appOf, type PromptEnd } from "../app.ts"
import { callIdOf, newNonce, parseCallId } from "../call-id.ts"
import { perform, settled } from "../tools/perform.ts"
import type { Workplace } from "../tools/tool.ts"
import { conversationOf } from "../transcript.ts"
import type { Turn } from "../turn.ts"
import { workplaceOf } from "../workplace.ts"
import { type Entry, historyOf, messagesOf, type PastCall, withoutCutText } from "./history.ts"
import { instructionsFor } from "./instructions.ts"
import { modelOf, modelOptions } from "./model.ts"
import { type Provider, settingsOf } from "./provider.ts"
import { type Answer, runStep } from "./step.ts"
import { verdictOn } from "./verdict.ts"

/** More steps than any task should need: past this a model goes in circles, at the user's expense. */
const STEP_LIMIT = 50

export const openaiAgent = (provider: Provider): OpenAdapter =>
  inProcess((options) => {
    let { model } = options
    return appOf({
      name: provider.type,
      title: provider.title,
      sessionId: options.sessionId,
      options: () => modelOptions(settingsOf(provider, options.env, model)),
      choose: (_, value) => {
        model = value
      },
      prompt: (turn) => answer(turn, provider, { ...options, model }),
    })
  })

async function answer(turn: Turn, provider: Provider, options: AgentOptions): Promise<PromptEnd> {
  const settings = settingsOf(provider, options.env, options.model)
  const { baseUrl: baseURL, apiKey, needs } = settings
  if (needs.length > 0)
    throw new AgentFailed({
      code: "provider_auth",
      message: `${provider.title} cannot run.`,
      hint: needs.join(" "),
    })
  const place = await workplaceOf(options)
  const model = createOpenAICompatible({
    name: provider.type,
    baseURL,
    includeUsage: true,
    ...(apiKey && { apiKey }),
  })(await modelOf(provider, settings, turn.signal))

  const entries = await entriesOf(turn, options, place)
  const nonce = newNonce()
  let usage: TurnUsage = { inputTokens: 0, outputTokens: 0 }
  for (let index = 0; index < STEP_LIMIT; index++) {
    for (const text of await turn.steered()) entries.push({ role: "user", text })
    const said = await runStep({
      model,
      system: instructionsFor(place.files.root),
      messages: messagesOf(entries),
      nonce,
      index,
      turn,
      notes: place.notes !== undefined,
      verdictOn: (error) => verdictOn(error, provider, settings),
    })
    usage = sum(usage, said)
    await turn.usage(usage)
    if (said.calls.length === 0) {
      const steered = await turn.steered()
      if (steered.length === 0) return { stopReason: stopReasonOf(said), usage }
      entries.push({ role: "assistant", text: said.text, calls: [] })
      for (const text of steered) entries.push({ role: "user", text })
      continue
    }
    const calls = await settled(
      said.calls.map(({ tool, input }, call) =>
        run(
          { toolCallId: callIdOf({ tool, nonce, step: index, call, attempt: 0 }), tool, input },
          place,
          turn,
        ),
      ),
    )
    entries.push({ role: "assistant", text: said.text, calls })
  }
  throw new AgentFailed({
    code: "step_limit",
    message: `The agent stopped after ${STEP_LIMIT} steps in one turn.`,
    hint: "Send a message to let it go on.",
  })
}

const stopReasonOf = ({ finishReason }: Answer): PromptEnd["stopReason"] =>
  finishReason === "length" ? "max_tokens" : finishReason === "content-filter" ? "refusal" : "end_turn"

/** The conversation up to now. What an interruption left undone is done first, with its question asked again. */
async function entriesOf(turn: Turn, { transcript }: AgentOptions, place: Workplace): Promise<Entry[]> {
  const { before, prompt, since } = conversationOf(transcript(), turn.text, turn.resume)
  const noted: Entry[] = turn.note === null ? [] : [{ role: "user", text: turn.note }]
  const entries: Entry[] = [...historyOf(before), ...noted, { role: "user", text: prompt }]
  for (const entry of withoutCutText(historyOf(since))) {
    // Said into the turn before it was cut off.
    if (entry.role === "user") {
      entries.push(entry)
      continue
    }
    const calls = await settled(
      entry.calls.map((call) => (call.result === null ? run(nextAttempt(call), place, turn) : call)),
    )
    entries.push({ ...entry, calls })
  }
  return entries
}

type NewCall = Omit<PastCall, "result">

async function run(call: NewCall, place: Workplace, turn: Turn): Promise<PastCall> {
  const { toolCallId, tool, input } = call
  const { output } = await perform({ toolCallId, tool, args: input }, place, turn)
  return { ...call, result: output }
}

function nextAttempt(call: PastCall): NewCall {
  const id = parseCallId(call.toolCallId)
  return id ? { ...call, toolCallId: callIdOf({ ...id, attempt: id.attempt + 1 }) } : call
}

function sum(total: TurnUsage, { usage }: Answer): TurnUsage {
  const cached = (total.cachedReadTokens ?? 0) + (usage.inputTokenDetails.cacheReadTokens ?? 0)
  return {
    inputTokens: total.inputTokens + (usage.inputTokens ?? 0),
    outputTokens: total.outputTokens + (usage.outputTokens ?? 0),
    ...(cached > 0 && { cachedReadTokens: cached }),
  }
}

/** Plays steps to their end, from where an interruption left them. */
import { setImmediate, setTimeout as sleep } from "node:timers/promises"
import { AgentFailed } from "../../agent-failed.ts"
import { callIdOf, messageIdOf } from "../call-id.ts"
import { type Performed, perform, settled } from "../tools/perform.ts"
import type { Tool, Workplace } from "../tools/tool.ts"
import type { Turn } from "../turn.ts"
import type { LeftCall, Progress } from "./progress.ts"
import { stepsHeard } from "./script.ts"
import { type Seen, type Step, wordsOf } from "./step.ts"

export interface Stage {
  readonly turn: Turn
  readonly place: Workplace
  readonly tools: ReadonlyMap<string, Tool>
  readonly nonce: string
  readonly progress: Progress
  readonly seen: Omit<Seen, "results">
}

type StepOf<Kind extends Step["kind"]> = Extract<Step, { kind: Kind }>

/** A message that comes into the turn is played after the steps there are; `heard` has those of an earlier daemon. */
export async function play(script: readonly Step[], heard: readonly string[], stage: Stage): Promise<void> {
  const steps = [...script]
  const hear = (texts: readonly string[]) => {
    for (const text of texts) steps.push(...stepsHeard(text, steps.length))
  }
  hear(heard)
  const results = new Map<number, readonly Performed[]>()
  const seen: Seen = { ...stage.seen, results: (step) => results.get(step) ?? [] }
  for (let index = 0; ; index++) {
    hear(await stage.turn.steered())
    const step = steps[index]
    if (!step) return
    stage.turn.signal.throwIfAborted()
    if (step.kind === "calls") results.set(index, await playCalls(step, index, seen, stage))
    else if (step.kind === "say" || step.kind === "think") await playText(step, index, seen, stage)
    // The others leave no trace: they are behind us if anything after them is.
    else if (index > stage.progress.last) await playSilent(step, stage)
  }
}

/** A text that was cut off is said again whole, as a new message. */
async function playText(step: StepOf<"say" | "think">, index: number, seen: Seen, stage: Stage) {
  const said = stage.progress.texts(index).at(-1)
  if (said !== undefined && (index < stage.progress.last || isWhole(said, step.chunks(seen)))) return
  await speak(step, index, step.chunks(seen), stage)
}

async function speak(
  { kind, ms }: { readonly kind: "say" | "think"; readonly ms: number },
  index: number,
  chunks: Iterable<string>,
  { turn, nonce }: Stage,
) {
  const messageId = messageIdOf(nonce, index)
  let count = 0
  for (const chunk of chunks) {
    await turn[kind](messageId, chunk)
    if (ms > 0) await sleep(ms, undefined, { signal: turn.signal })
    // Lets a cancel in between.
    else if (++count % 8 === 0) await setImmediate()
  }
}

function isWhole(said: string, chunks: Iterable<string>): boolean {
  let at = 0
  for (const chunk of chunks) {
    if (!said.startsWith(chunk, at)) return false
    at += chunk.length
  }
  return at === said.length
}

/** Calls of one step run at once. */
async function playCalls(
  step: StepOf<"calls">,
  index: number,
  seen: Seen,
  stage: Stage,
): Promise<readonly Performed[]> {
  const left = stage.progress.calls(index)
  const specs = left.size > 0 && index < stage.progress.last ? [] : await step.calls(seen)
  const count = Math.max(specs.length, ...[...left.keys()].map((call) => call + 1))
  const work = Array.from({ length: count }, async (_, call) => {
    const before = left.get(call)
    if (before && before.state !== "not run") return leftResult(before)
    const spec = specs[call]
    const tool = before?.tool ?? spec?.tool ?? ""
    const attempt = before ? before.attempt + 1 : 0
    // Asked again word for word: an answer that was given meanwhile is good for exactly this input.
    const args = before ? before.item.input : spec?.args
    const toolCallId = callIdOf({ tool, nonce: stage.nonce, step: index, call, attempt })
    return perform(
      { toolCallId, tool, args, ...(spec?.ask === false && { ask: false }) },
      stage.place,
      stage.turn,
      stage.tools,
    )
  })
  const results = await settled(work)
  await tellUnknown([...left.values()], index, stage)
  return results
}

const leftResult = ({ item, state }: LeftCall): Performed => ({
  output: item.output,
  failed: item.status === "failed",
  denied: state === "denied",
})

/** What was running at the interruption is not run again: it may have happened. Told once. */
async function tellUnknown(left: readonly LeftCall[], index: number, stage: Stage) {
  const titles = left.filter(({ state }) => state === "unknown").map(({ item }) => `“${item.title}”`)
  if (titles.length === 0 || stage.progress.texts(index).length > 0) return
  const text = `I was interrupted while ${titles.join(" and ")} was running, so I do not know whether it worked. I will not run it again blindly, and go on.\n\n`
  await speak({ kind: "say", ms: 10 }, index, wordsOf(text), stage)
}

const MAX_RETRIES = 3
/** The end of a turn is written down a moment after its error. */
const WRITTEN_LATER_MS = 1_000

async function playSilent(
  step: Exclude<Step, StepOf<"say" | "think" | "calls">>,
  { turn, progress }: Stage,
): Promise<void> {
  const { signal } = turn
  switch (step.kind) {
    case "plan":
      return turn.plan([...step.entries])
    case "wait":
      return sleep(step.ms, undefined, { signal })
    case "hang":
      return new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)))
    case "fail": {
      const { failure, retries = Number.POSITIVE_INFINITY, afterMs, liftedAfterMs } = step
      if (liftedAfterMs !== undefined && Date.now() - progress.failedAt >= liftedAfterMs - WRITTEN_LATER_MS)
        return
      if (!Number.isFinite(retries) || retries > MAX_RETRIES) throw new AgentFailed(failure)
      for (let attempt = 1; attempt <= retries; attempt++) {
        const retry = { attempt, max: MAX_RETRIES }
        await turn.notice({ severity: "warning", category: "service", title: failure.message, retry })
        await sleep(afterMs, undefined, { signal })
      }
    }
  }
}

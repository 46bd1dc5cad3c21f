/**
 * The agent that needs no model: what a newcomer meets first, and what tests drive. With directives in the prompt
 * it plays them; without, it gives a tour. It keeps no memory: everything it knows is in the transcript.
 */
import { type AgentOptions, inProcess } from "../adapter.ts"
import { appOf, type PromptEnd } from "../app.ts"
import { newNonce } from "../call-id.ts"
import { conversationOf, earlierMessages } from "../transcript.ts"
import type { Turn } from "../turn.ts"
import { workplaceOf } from "../workplace.ts"
import { play } from "./play.ts"
import { progressOf } from "./progress.ts"
import { scriptOf } from "./script.ts"
import { demoTools } from "./tools.ts"
import { firstTour, nextTour } from "./tour.ts"

/** Between two words of the tour: about as fast as one reads. */
const PACE_MS = 55

export const demo = inProcess((options) =>
  appOf({
    name: "demo",
    title: "Demo agent",
    sessionId: options.sessionId,
    prompt: (turn) => answer(turn, options),
  }),
)

async function answer(turn: Turn, options: AgentOptions): Promise<PromptEnd> {
  const place = await workplaceOf(options)
  const conversation = conversationOf(options.transcript(), turn.text, turn.resume)
  const { prompt, before, since } = conversation
  const earlier = earlierMessages(conversation)
  const said = before.filter(({ type }) => type === "message").length
  const pace = PACE_MS / (Number(options.env.AGENTZ_DEMO_SPEED) || 1)
  const steps = scriptOf(prompt) ?? (earlier.length > 0 ? nextTour : firstTour)(place.files, pace)
  const heard = since.flatMap((item) => (item.type === "user" && item.steered ? [item.text] : []))
  await play(steps, heard, {
    turn,
    place,
    tools: demoTools,
    nonce: newNonce(),
    progress: progressOf(since),
    seen: { prompt, earlier, said },
  })
  return { stopReason: "end_turn" }
}

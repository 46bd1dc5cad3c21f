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

export const demo = inProcess((options) => {
  let pace: Pace = "reading"
  return appOf({
    name: "demo",
    title: "Demo agent",
    sessionId: options.sessionId,
    options: async () => [paceOption(pace)],
    choose: (_, value) => {
      pace = value === "fast" ? "fast" : "reading"
    },
    commands: [
      { name: "tour", description: "Shows once more what a session is." },
      {
        name: "recall",
        description: "Says what you wrote earlier in this session, and the note it was given.",
      },
    ],
    prompt: (turn) => answer(turn, options, pace),
  })
})

type Pace = "reading" | "fast"

const paceOption = (currentValue: Pace) => ({
  type: "select" as const,
  id: "pace",
  name: "Pace",
  description: "How fast the tour talks.",
  currentValue,
  options: [
    { value: "reading", name: "As fast as one reads" },
    { value: "fast", name: "Ten times as fast" },
  ],
})

/** A command as the script that it stands for; `/tour` stands for no script. */
const scriptIn = (prompt: string): string => (prompt.trim() === "/recall" ? "[[recall]]" : prompt)

async function answer(turn: Turn, options: AgentOptions, pace: Pace): Promise<PromptEnd> {
  const place = await workplaceOf(options)
  const conversation = conversationOf(options.transcript(), turn.text, turn.resume)
  const { prompt, before, since } = conversation
  const earlier = earlierMessages(conversation)
  const said = before.filter(({ type }) => type === "message").length
  const speed = (Number(options.env.AGENTZ_DEMO_SPEED) || 1) * (pace === "fast" ? 10 : 1)
  const tour = earlier.length > 0 && prompt.trim() !== "/tour" ? nextTour : firstTour
  const steps = scriptOf(scriptIn(prompt)) ?? tour(place.files, PACE_MS / speed)
  const heard = since.flatMap((item) => (item.type === "user" && item.steered ? [item.text] : []))
  await play(steps, heard, {
    turn,
    place,
    tools: demoTools,
    nonce: newNonce(),
    progress: progressOf(since),
    seen: { prompt, earlier, said, note: turn.note },
  })
  return { stopReason: "end_turn" }
}

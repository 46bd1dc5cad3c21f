/** All that a call printed, from the session or from the blob that has the whole of it. */
import { readBlob } from "#streams/blob"
import type { Item, ItemOf } from "#streams/session"
import type { OpenPlane } from "../open-plane.ts"
import { Problem } from "../problem.ts"
import { Refusal } from "./refusal.ts"

export async function* callOutput(
  plane: OpenPlane,
  items: readonly Item[],
  call: string,
): AsyncGenerator<string> {
  const { output, outputBlob } = whichCall(items, call)
  if (!outputBlob) {
    yield output
    return
  }
  const decoder = new TextDecoder()
  for await (const bytes of readBlob(() => plane.streams(), outputBlob.blob, { forMs: 10_000 }))
    yield decoder.decode(bytes, { stream: true })
  yield decoder.decode()
}

/** By its id, or as much of the id as is needed to tell it from the others. */
function whichCall(items: readonly Item[], given: string): ItemOf<"tool"> {
  const calls = items.filter((item) => item.type === "tool")
  const exact = calls.find(({ toolCallId }) => toolCallId === given)
  const found = exact ? [exact] : calls.filter(({ toolCallId }) => toolCallId.startsWith(given))
  const [only, other] = found
  if (only && !other) return only
  if (other)
    throw new Refusal(
      "ambiguous_id",
      `“${given}” may mean ${found
        .slice(0, 4)
        .map(({ toolCallId }) => toolCallId)
        .join(", ")}: type more letters.`,
    )
  throw new Problem(
    "unknown_call",
    `There is no call “${given}” in this session: \`agentz show ID --json\` has their ids (toolCallId).`,
  )
}

/** A session while events are folded into it: a copy that may be written to, item by item. */
import type { SessionEvent } from "./event.ts"
import type { TurnId } from "./ids.ts"
import { forgetFrom, noPlaces, type Places, placeOf } from "./item-places.ts"
import type { Item, ItemOf, Session } from "./session.ts"
import type { ToolKind, ToolStatus } from "./tool-event.ts"

export type Draft = { -readonly [Key in keyof Session]: Session[Key] } & { items: Item[]; places: Places }

export const draftOf = (session: Session): Draft => ({
  ...session,
  items: session.items.slice(),
  places: noPlaces(),
})

/** What every item has from the event that began it. */
export const place = (event: SessionEvent, key: string) => ({ key, seq: event.seq, at: event.at })

export function takeOut(draft: Draft, key: string | undefined): Item | undefined {
  const index = key === undefined ? -1 : placeOf(draft, key)
  if (index < 0) return undefined
  forgetFrom(draft, index)
  return draft.items.splice(index, 1)[0]
}

type Writable<Type> = { -readonly [Key in keyof Type]: Type[Key] }
type Rest<Type extends Item["type"]> = Omit<ItemOf<Type>, "type" | "key" | "seq" | "at">

/** The item with that key as a fresh copy that may be written to, made where there is none. */
export function upsert<Type extends Item["type"]>(
  draft: Draft,
  type: Type,
  key: string,
  event: SessionEvent,
  make: () => Rest<Type>,
): Writable<ItemOf<Type>> {
  const index = placeOf(draft, key)
  const found = draft.items[index]
  const item = (found?.type === type ? { ...found } : { ...place(event, key), type, ...make() }) as Writable<
    ItemOf<Type>
  >
  if (found?.type === type) draft.items[index] = item as Item
  else draft.items.push(item as Item)
  return item
}

/**
 * With the turn in it: an agent that is started anew may count its messages and calls from one again, and what it
 * said before stays.
 */
const textKey = (
  type: "message" | "thought",
  { messageId, turnId }: { readonly messageId: string; readonly turnId: TurnId },
) => `${messageId}/${type}/${turnId}`
const toolKey = ({ toolCallId, turnId }: { readonly toolCallId: string; readonly turnId: TurnId }) =>
  `tool/${toolCallId}/${turnId}`

export const openText = (
  draft: Draft,
  type: "message" | "thought",
  event: Extract<SessionEvent, { messageId: string; turnId: TurnId }>,
) => {
  closeTextsBefore(draft, textKey("thought", event))
  return upsert(draft, type, textKey(type, event), event, () => ({
    turnId: event.turnId,
    text: "",
    done: false,
  }))
}

/** A thought has no closing event of its own: it is done when something else begins. */
function closeTextsBefore(draft: Draft, key: string): void {
  const last = draft.items.length - 1
  const item = draft.items[last]
  if (item?.type === "thought" && !item.done && item.key !== key) draft.items[last] = { ...item, done: true }
}

export function openTool(
  draft: Draft,
  call: {
    readonly toolCallId: string
    readonly turnId: TurnId
    readonly title?: string | undefined
    readonly kind?: ToolKind | undefined
    readonly status?: ToolStatus | undefined
  },
  event: SessionEvent,
): Writable<ItemOf<"tool">> {
  closeTextsBefore(draft, "")
  // What a call that was told in an earlier turn still does belongs there.
  const earlier =
    event.type === "tool_call_update"
      ? draft.items.findLast((item) => item.type === "tool" && item.toolCallId === call.toolCallId)
      : undefined
  return upsert(draft, "tool", earlier?.key ?? toolKey(call), event, () => ({
    turnId: call.turnId,
    toolCallId: call.toolCallId,
    title: call.title ?? "Tool call",
    kind: call.kind ?? "other",
    status: call.status ?? "pending",
    locations: [],
    input: undefined,
    content: [],
    output: "",
    outputTruncated: false,
    interrupted: false,
  }))
}

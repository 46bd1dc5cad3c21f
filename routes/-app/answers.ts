/**
 * Answers to questions. One can be taken back for a moment before it is sent; who leaves the page meanwhile has it
 * sent at once.
 */
import { useSyncExternalStore } from "react"
import type { SessionId } from "#streams/ids"
import type { PermissionRequest } from "#streams/session"
import { type Answer, openApi } from "./api.ts"
import { refusalOf } from "./refusal.ts"
import { currentSettings } from "./settings.ts"

export type Outcome =
  | { readonly type: "taken" }
  | { readonly type: "undone" }
  | { readonly type: "refused"; readonly problem: string }

interface Held {
  readonly request: PermissionRequest
  readonly answer: Answer
  readonly undo: () => void
  readonly send: (how?: { readonly leaving: boolean }) => void
}

let held: readonly Held[] = []
const listeners = new Set<() => void>()

function set(next: readonly Held[]): void {
  held = next
  for (const listener of listeners) listener()
}

export function giveAnswer(
  sessionId: SessionId,
  request: PermissionRequest,
  answer: Answer,
): Promise<Outcome> {
  const { undoSeconds } = currentSettings()
  if (undoSeconds === 0) return send(sessionId, request, answer)
  return new Promise((resolve) => {
    const settle = (outcome: Outcome | Promise<Outcome>) => {
      clearTimeout(timer)
      set(held.filter((one) => one !== entry))
      resolve(outcome)
    }
    const entry: Held = {
      request,
      answer,
      undo: () => settle({ type: "undone" }),
      send: ({ leaving } = { leaving: false }) => settle(send(sessionId, request, answer, leaving)),
    }
    const timer = setTimeout(entry.send, undoSeconds * 1_000)
    set([...held, entry])
  })
}

async function send(
  sessionId: SessionId,
  { requestId }: PermissionRequest,
  answer: Answer,
  leaving = false,
): Promise<Outcome> {
  try {
    await openApi(location.origin, { leaving }).approve({ sessionId, requestId, ...answer })
    return { type: "taken" }
  } catch (error) {
    const { reason, kind, message } = refusalOf(error)
    // Another tab or the command line was first: the session is about to show its answer.
    if (reason === "request_settled") return { type: "taken" }
    return { type: "refused", problem: kind === "away" ? `${message} Your answer was not taken.` : message }
  }
}

/** Answers that can be taken back, the newest last. */
export const useHeldAnswers = (): readonly Held[] => useSyncExternalStore(subscribe, heldAnswers, heldAnswers)

const heldAnswers = () => held

function subscribe(listener: () => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

export const undoAnswer = (): void => held.at(-1)?.undo()

if (typeof window !== "undefined")
  addEventListener("pagehide", () => {
    for (const { send } of held) send({ leaving: true })
  })

/** What this tab knows, kept true by the engine's patches, as React reads it. */
import { useEffect, useSyncExternalStore } from "react"
import type { SessionId } from "#streams/ids"
import type { RegistryEntry } from "#streams/registry"
import type { Item } from "#streams/session"
import { type Link, openLink } from "./link.ts"
import { applyItems } from "./patches.ts"
import type { Connection, FromEngine, SessionHeader, ToEngine } from "./protocol.ts"
import { takeRuns } from "./run-store.ts"

interface SessionList {
  readonly entries: ReadonlyMap<SessionId, RegistryEntry>
  /** Whether the registry was read to its end once. */
  readonly loaded: boolean
  readonly connection: Connection
}

export interface LiveSession {
  readonly header: SessionHeader | null
  readonly items: readonly Item[]
  readonly hasMore: boolean
  readonly connection: Connection
}

const connecting: Connection = { state: "connecting" }
const nothing: LiveSession = { header: null, items: [], hasMore: false, connection: connecting }

let list: SessionList = { entries: new Map(), loaded: false, connection: connecting }
const sessions = new Map<SessionId, LiveSession>()
const listeners = new Set<() => void>()
let link: Link | null = null

// A hidden tab draws nothing, but its title and icon still tell how things stand.
const HIDDEN_MS = 250
let telling = false

/**
 * However much came, it is drawn once per frame. Otherwise a tab that draws more slowly than its patches come
 * falls ever further behind, and takes the other tabs of its process along.
 */
function tellSoon(): void {
  if (telling) return
  telling = true
  const tell = () => {
    if (!telling) return
    telling = false
    clearTimeout(timer)
    cancelAnimationFrame(frame)
    for (const listener of listeners) listener()
  }
  const timer = setTimeout(tell, HIDDEN_MS)
  const frame = requestAnimationFrame(tell)
}

const subscribe = (listener: () => void) => {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

function receive(message: FromEngine): void {
  switch (message.type) {
    case "registry": {
      const entries = new Map(message.reset ? [] : list.entries)
      for (const id of message.removed) entries.delete(id)
      for (const entry of message.entries) entries.set(entry.sessionId, entry)
      list = { ...list, entries, loaded: message.loaded }
      break
    }
    case "registry-connection":
      list = { ...list, connection: message.connection }
      break
    case "session": {
      const { sessionId, header, hasMore } = message
      const known = sessions.get(sessionId) ?? nothing
      const items = applyItems(message.reset ? [] : known.items, message.items)
      sessions.set(sessionId, { ...known, header, items, hasMore })
      break
    }
    case "session-connection": {
      const known = sessions.get(message.sessionId) ?? nothing
      sessions.set(message.sessionId, { ...known, connection: message.connection })
      break
    }
    case "runs":
    case "run":
    case "run-connection":
      takeRuns(message)
      break
  }
  tellSoon()
}

const engine = (): Link => {
  link ??= openLink(receive)
  return link
}

/** The session that is followed already, though no component has asked for it yet. */
let awaited: SessionId | null = null

/** Begins to follow the sessions, and that one of them, before there is anything to draw them with. */
export function startLive(sessionId: SessionId | null): void {
  awaited = sessionId
  engine()
  if (sessionId !== null) tellEngine({ type: "watch", sessionId })
}

export const tellEngine = (message: ToEngine): void => engine().send(message)

export function useSessionList(): SessionList {
  return useSyncExternalStore(subscribe, () => list)
}

/** A part of the list; drawn anew only when that part is another one, so `part` must not make what it gives. */
export function useListed<Part>(part: (list: SessionList) => Part): Part {
  return useSyncExternalStore(subscribe, () => part(list))
}

/** Follows one session for as long as the component is there. */
export function useLiveSession(sessionId: SessionId): LiveSession {
  useEffect(() => {
    if (awaited !== sessionId) engine().send({ type: "watch", sessionId })
    awaited = null
    return () => {
      engine().send({ type: "unwatch", sessionId })
      sessions.delete(sessionId)
    }
  }, [sessionId])
  return useSyncExternalStore(subscribe, () => sessions.get(sessionId) ?? nothing)
}

/** Calls back after every change, outside of React. */
export const onLive = subscribe
export const liveSession = (sessionId: SessionId): LiveSession => sessions.get(sessionId) ?? nothing

export const askOlder = (sessionId: SessionId): void => engine().send({ type: "older", sessionId })
export const askFor = (sessionId: SessionId, seq: number): void =>
  engine().send({ type: "reach", sessionId, seq })
export const retryNow = (): void => engine().send({ type: "retry" })

/** Starts agentz for a browser test. The one place that knows whether it is the real server or the stand-in. */
import { tellHistory, tellLong } from "./fake-history.ts"
import { FakePlane } from "./ui-plane.ts"

export interface Agentz extends AsyncDisposable {
  /** Where to go first; signs the browser in. */
  readonly url: string
  /** Kills the server without a goodbye. */
  kill(): Promise<void>
  /** Starts it again at the same address. */
  start(): Promise<void>
  /** Makes the next requests come from a signed-out browser. */
  signOut(): void
  /** Sessions in every state, by what they show. */
  readonly told: Readonly<Record<"done" | "failed" | "waiting" | "interrupted", string>>
  /** Adds a session of many short turns and names it. */
  tellLong(turns: number): string
  /** The stand-in itself, for tests that tell it things. */
  readonly plane: FakePlane
  /** How many times a text arrived as a message. */
  messagesLike(text: string): number
}

export async function startAgentz(options: { readonly empty?: boolean } = {}): Promise<Agentz> {
  const plane = new FakePlane()
  const history = options.empty ? null : tellHistory(plane)
  await plane.listen()
  const idOf = (name: keyof Agentz["told"]) => history?.[name].row.sessionId ?? ""
  return {
    url: plane.url,
    plane,
    kill: () => plane.cut(),
    start: () => plane.listen(),
    signOut: () => {
      plane.signedOut = true
    },
    told: {
      done: idOf("done"),
      failed: idOf("failed"),
      waiting: idOf("waiting"),
      interrupted: idOf("interrupted"),
    },
    tellLong: (turns) => tellLong(plane, turns),
    messagesLike: (text) =>
      [...plane.sessions.values()]
        .flatMap(({ session }) => session.items)
        .filter((item) => item.type === "user" && item.text === text).length,
    [Symbol.asyncDispose]: () => plane.cut(),
  }
}

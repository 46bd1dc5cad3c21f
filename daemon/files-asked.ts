/** What is asked for the files of a session: in a turn at once, else before the next turn begins, one after the other. */
import type { Session } from "#streams/session"
import type { Checkpoints, FilesRequest } from "./checkpoints.ts"

export interface FilesAsked {
  take(request: FilesRequest, inTurn: boolean): void
  /** Begins with the next request, if there is one; `then` is called at its end. */
  begin(then: () => void): boolean
  readonly busy: boolean
  /** Resolves when nothing of it is being done. */
  settled(): Promise<void>
}

export function filesAsked(checkpoints: Checkpoints, session: () => Session): FilesAsked {
  const waiting: FilesRequest[] = []
  let work: Promise<void> | null = null
  const isSettled = ({ requestId }: FilesRequest) => session().settled.includes(requestId)

  return {
    take(request, inTurn) {
      if (isSettled(request)) return
      // What a turn has done so far can be kept; what cannot be done under it is refused.
      if (inTurn) void checkpoints.perform(request)
      else waiting.push(request)
    },
    begin(then) {
      const request = waiting.shift()
      if (!request) return false
      work = (isSettled(request) ? Promise.resolve() : checkpoints.perform(request)).finally(() => {
        work = null
        then()
      })
      return true
    },
    get busy() {
      return work !== null
    },
    async settled() {
      await work
    },
  }
}

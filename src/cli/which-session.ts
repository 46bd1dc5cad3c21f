/** Ids as a person types them: shortened, as long as they stay unique. */
import { RequestId, SessionId } from "#streams/ids"
import type { ControlPlane } from "../plane.ts"
import { Problem } from "../problem.ts"
import { Refusal } from "./refusal.ts"

/** The one that was found, if any. Throws `ambiguous_id` where it may be one of several. */
export function onlyOne<Id extends string>(found: readonly Id[], given: string): Id | undefined {
  const [only, ...others] = found
  if (others.length === 0) return only
  const named = `${found.slice(0, 4).join(", ")}${found.length > 4 ? ", …" : ""}`
  throw new Refusal("ambiguous_id", `“${given}” may mean ${named}: type more letters.`)
}

/** The session that is meant by a whole id or by its first letters, with or without `ses_`. */
export async function whichSession(plane: ControlPlane, given: string): Promise<SessionId> {
  const matches = (id: string) => id.startsWith(given) || id.startsWith(`ses_${given}`)
  const found: SessionId[] = []
  let cursor: string | undefined
  do {
    const page = await plane.listSessions({ limit: 1000, cursor })
    for (const { sessionId } of page.sessions) {
      if (sessionId === given) return sessionId
      if (matches(sessionId)) found.push(sessionId)
    }
    cursor = page.cursor
  } while (cursor !== undefined)

  const only = onlyOne(found, given)
  if (only !== undefined) return only
  // It may be so new that the list does not have it yet: the plane knows.
  const whole = SessionId.safeParse(given)
  if (whole.success) return whole.data
  throw new Problem("unknown_session", `There is no session “${given}”: \`agentz ls\` shows all.`)
}

/** The request that is meant. One that is not open is left to the plane, which knows how it was settled. */
export async function whichRequest(
  plane: ControlPlane,
  sessionId: SessionId,
  given: string,
): Promise<RequestId> {
  const { session } = await plane.getSession({ sessionId, tail: 1 })
  const open = session.approvals.map(({ requestId }) => requestId)
  const found = open.filter((id) => id === given || id.startsWith(given) || id.startsWith(`req_${given}`))
  const exact = found.find((id) => id === given)
  const [only, ...others] = found
  if (exact !== undefined) return exact
  if (only !== undefined && others.length === 0) return only
  if (only !== undefined)
    throw new Refusal("ambiguous_id", `“${given}” may mean ${found.join(", ")}: type more letters.`)
  const whole = RequestId.safeParse(given)
  if (whole.success) return whole.data
  const hint = open.length === 0 ? "It waits for no answer." : `It waits for ${open.join(", ")}.`
  throw new Problem("unknown_request", `There is no request “${given}” in ${sessionId}. ${hint}`)
}

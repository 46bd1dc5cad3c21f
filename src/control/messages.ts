/** Messages that wait, and what messages bring along. */
import { blobOf } from "#daemon/blob-of"
import { writeBlob } from "#streams/blob"
import type { Attachment } from "#streams/event"
import type { SessionId } from "#streams/ids"
import { needsDaemon, type Session } from "#streams/session"
import { wait } from "#streams/transport"
import type { AttachmentRequest, ControlPlane } from "../plane.ts"
import type { PlaneContext } from "../plane-context.ts"
import { Problem } from "../problem.ts"
import { addToUpload, readUpload } from "../uploads.ts"
import { contentTypeOf } from "./content-type.ts"
import { guarded } from "./guarded.ts"
import type { Reach } from "./reach.ts"

/** A living daemon takes what it is asked within moments; past this it is too busy to wait for. */
const WITHDRAW_LIMIT_MS = 5_000

export function messages(
  { folds, home }: PlaneContext,
  reach: Reach,
): Pick<ControlPlane, "withdraw" | "attach"> {
  return {
    withdraw: ({ sessionId, messageId }) =>
      guarded(async () => {
        const { value } = await reach.present(sessionId, { now: true })
        const { commands } = await reach.inboxOf(sessionId)
        if (!commands.some((one) => one.type === "user_message" && one.messageId === messageId))
          throw new Problem("unknown_message", `There is no message ${messageId} in this session.`)
        if (standingOf(value, messageId) !== "begun")
          await reach.ask(sessionId, { type: "withdraw", messageId })
        for (let waited = 0; waited < WITHDRAW_LIMIT_MS; waited += 50) {
          const { value: now } = await folds.session(sessionId)
          const standing = standingOf(now, messageId)
          if (standing === "begun") break
          // Where no daemon lives the next one reads both before it begins anything.
          if (standing === "withdrawn" || !needsDaemon(now.status))
            return { messageId, withdrawn: true as const }
          await wait(50)
        }
        throw new Problem(
          "message_begun",
          `Message ${messageId} is with the agent already: \`agentz cancel ${sessionId}\` ends its turn.`,
        )
      }),

    attach: (request) => addToUpload(home.path, request),
  }
}

function standingOf({ taken, items, queue }: Session, messageId: string): "waits" | "begun" | "withdrawn" {
  if (!taken.some((id) => id === messageId) || queue.some((one) => one.messageId === messageId))
    return "waits"
  return items.some(({ key }) => key === messageId) ? "begun" : "withdrawn"
}

/** Makes the content of attachments durable beside the session, before anything names it. */
export async function keepAttachments(
  { endpoint, home, patience }: PlaneContext,
  sessionId: SessionId,
  requests: readonly AttachmentRequest[] = [],
): Promise<{ readonly attachments?: Attachment[] }> {
  const attachments: Attachment[] = []
  for (const { uploadId, name } of requests) {
    const bytes = await readUpload(home.path, uploadId)
    const type = contentTypeOf(bytes)
    const kept = blobOf(sessionId, bytes)
    const { blob } = kept.ref
    await writeBlob(endpoint, kept, { ...patience, type })
    attachments.push(
      type.startsWith("image/")
        ? { type: "image", mimeType: type, blob, name }
        : { type: "file", path: name, name, blob, mimeType: type },
    )
  }
  return attachments.length === 0 ? {} : { attachments }
}

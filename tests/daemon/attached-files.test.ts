import { expect, test } from "vitest"
import { attachedFiles } from "#daemon/attached-files"
import { writeBlob } from "#streams/blob"
import { newMessageId, newSessionId, TurnId } from "#streams/ids"
import { paths } from "#streams/paths"
import type { Item } from "#streams/session"
import { streamServer } from "../support/stream-server.ts"

test("an agent that remembers from the transcript finds an attached text in the words of its message", async () => {
  await using server = await streamServer()
  const blob = paths.blob(newSessionId(), "0123456789abcdef0123456789abcdef")
  const bytes = new TextEncoder().encode("The lamp is green.\n".repeat(60_000))
  await writeBlob(server.endpoint, { ref: { blob, bytes: bytes.length }, bytes })

  const item: Item = {
    ...{ key: "k", seq: 0, at: "", type: "user", messageId: newMessageId(), text: "Look." },
    turnId: TurnId.parse("turn_a"),
    attachments: [
      { type: "file", path: "n.txt", name: "n.txt", blob, mimeType: "text/plain" },
      { type: "image", mimeType: "image/png", blob: "elsewhere" },
    ],
  }
  const attached = attachedFiles(server.endpoint, {})
  await attached.load([item])
  const [told] = attached.inTranscript([item])
  if (told?.type !== "user") throw new Error("It is a message no more.")
  expect(told.text).toBe(`Look.\n\n[Attached file n.txt]\n${new TextDecoder().decode(bytes)}[End of n.txt]`)
  expect(await attached.read(blob)).toEqual(bytes)
})

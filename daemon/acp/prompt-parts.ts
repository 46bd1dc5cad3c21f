/** A message with what it brings along, in the words that its agent understands. */
import type { ContentBlock, PromptCapabilities } from "@agentclientprotocol/sdk"
import type { Attachment } from "#streams/event"
import { AgentFailed } from "../agent-failed.ts"

export interface PartsOptions {
  readonly can: PromptCapabilities | null | undefined
  /** The content of a blob. */
  readonly read: (blob: string) => Promise<Uint8Array>
}

/** Throws {@link AgentFailed} for what the agent cannot take: going on without it would be another question. */
export async function promptParts(
  {
    text,
    attachments = [],
  }: { readonly text: string; readonly attachments?: readonly Attachment[] | undefined },
  { can, read }: PartsOptions,
): Promise<ContentBlock[]> {
  const parts: ContentBlock[] = []
  let words = text
  for (const attachment of attachments) {
    const { blob } = attachment
    if (attachment.type === "image") {
      if (can?.image !== true) throw notTaken(attachment.name ?? "an image", "images")
      parts.push({ type: "image", data: base64(await read(attachment.blob)), mimeType: attachment.mimeType })
      continue
    }
    const { name, path, mimeType = "text/plain" } = attachment
    const uri = `attachment:///${encodeURIComponent(name)}`
    if (blob === undefined) parts.push({ type: "resource_link", name, uri: `file://${encodeURI(path)}` })
    else if (mimeType.startsWith("text/")) {
      const content = new TextDecoder().decode(await read(blob))
      if (can?.embeddedContext === true)
        parts.push({ type: "resource", resource: { uri, mimeType, text: content } })
      else words += inWords(name, content)
    } else if (can?.embeddedContext === true)
      parts.push({ type: "resource", resource: { uri, mimeType, blob: base64(await read(blob)) } })
    else throw notTaken(name, "files that are not text")
  }
  return [{ type: "text", text: words }, ...parts]
}

/** The content of a text file in the message itself, for an agent that takes nothing else. */
export const inWords = (name: string, content: string): string =>
  `\n\n[Attached file ${name}]\n${content}${content.endsWith("\n") ? "" : "\n"}[End of ${name}]`

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64")

const notTaken = (name: string, what: string): AgentFailed =>
  new AgentFailed({
    code: "attachment_not_taken",
    message: `This agent cannot be shown ${name}: it takes no ${what}.`,
    hint: "Put the file into the working directory and name it in a message.",
  })

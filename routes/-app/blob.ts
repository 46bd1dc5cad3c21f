import { readBlob } from "#streams/blob"

/** The whole text of a blob, through the gateway. */
export async function readWhole(name: string): Promise<string> {
  const text = new TextDecoder()
  let whole = ""
  const endpoint = () => ({ url: `${location.origin}/v1/stream`, token: null })
  for await (const bytes of readBlob(endpoint, name, { forMs: 20_000 }))
    whole += text.decode(bytes, { stream: true })
  return whole + text.decode()
}

/** An enclosure of nobody's session, with whatever isolation this machine offers. Disposing it ends what is in it. */
import { type Enclosure, openEnclosure } from "#daemon/process/enclosure"
import type { IsolationKind } from "#daemon/process/isolation"
import { newSessionId, type SessionId } from "#streams/ids"
import { tempDir } from "./temp-dir.ts"

export interface TestEnclosure extends AsyncDisposable {
  readonly enclosure: Enclosure
  readonly home: string
  readonly sessionId: SessionId
}

export async function testEnclosure({
  sessionId = newSessionId(),
  wanted,
}: {
  readonly sessionId?: SessionId
  readonly wanted?: IsolationKind
} = {}): Promise<TestEnclosure> {
  const home = await tempDir()
  const enclosure = openEnclosure({ home: home.path, sessionId, wanted })
  return {
    enclosure,
    home: home.path,
    sessionId,
    async [Symbol.asyncDispose]() {
      await enclosure.end(0)
      await home[Symbol.asyncDispose]()
    },
  }
}

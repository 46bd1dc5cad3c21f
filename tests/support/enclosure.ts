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
  epoch = 1,
}: {
  readonly sessionId?: SessionId
  readonly wanted?: IsolationKind
  readonly epoch?: number
} = {}): Promise<TestEnclosure> {
  const home = await tempDir()
  const enclosure = openEnclosure({ home: home.path, sessionId, epoch, wanted })
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

/** Several hosts that share a stream server, as far as one machine can show them. */
import { preloaded } from "../support/preloaded.ts"
import type { streamServer } from "../support/stream-server.ts"
import { Installation } from "./installation.ts"

/** agentz on a host of that name. */
export async function onHost(
  name: string,
  { at }: Awaited<ReturnType<typeof streamServer>>,
): Promise<AsyncDisposable & { readonly agentz: Installation }> {
  const processes = await preloaded("other-host.mjs", { name })
  const agentz = await Installation.open({
    ...processes.env,
    AGENTZ_STREAMS_URL: at.url,
    AGENTZ_STREAMS_TOKEN: at.token ?? "",
    AGENTZ_IDLE_SECONDS: "5",
  })
  return {
    agentz,
    async [Symbol.asyncDispose]() {
      await agentz[Symbol.asyncDispose]()
      await processes[Symbol.asyncDispose]()
    },
  }
}

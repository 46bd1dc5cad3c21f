import type { Config } from "./config.ts"
import type { ControlPlane } from "./plane.ts"

export interface OpenPlane extends ControlPlane {
  /** The stream server in use. `pid` is known when it is ours. */
  readonly streams: () => { readonly url: string; readonly token: string | null; readonly pid: number | null }
}

export async function openPlane(_config: Config, _options?: object): Promise<OpenPlane> {
  throw new Error("not built yet")
}

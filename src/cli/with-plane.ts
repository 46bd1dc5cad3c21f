import { StreamError } from "#streams/transport"
import type { Config } from "../config.ts"
import type { Home } from "../home.ts"
import type { OpenPlane } from "../open-plane.ts"
import { Problem } from "../problem.ts"
import { storageReport, storageSentence } from "../storage.ts"
import type { Deps } from "./deps.ts"

/** Opens the home and the plane for one command, and closes the plane after it. */
export async function withPlane<Result>(
  deps: Deps,
  use: (plane: OpenPlane, opened: { readonly config: Config; readonly home: Home }) => Promise<Result>,
): Promise<Result> {
  const config = deps.config()
  const home = await deps.openHome(config.home)
  await using plane = await deps.openPlane(config).catch(async (error: unknown) => {
    // The stream server is away; the daemons are not, and can be asked without it.
    const away = error instanceof Problem && error.reason === "storage_unavailable"
    const silent = error instanceof StreamError && error.code === "unavailable"
    if (!away && !silent) throw error
    const meanwhile = storageSentence({ ...(await storageReport(home.path)), trouble: null })
    throw new Problem("storage_unavailable", `${error.message} ${meanwhile}`.trim(), { cause: error })
  })
  return await use(plane, { config, home })
}

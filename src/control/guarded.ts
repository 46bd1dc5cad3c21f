import { StreamError } from "#streams/transport"
import { Problem } from "../problem.ts"

/** A stream server that is away or full is a problem with a remedy, not a fault of ours. */
export async function guarded<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof StreamError)) throw error
    if (error.code === "full") throw new Problem("storage_full", error.message, { cause: error })
    if (error.code === "unavailable" || error.code === "unauthorized")
      throw new Problem("storage_unavailable", `${error.message} Nothing was changed; try again.`, {
        cause: error,
      })
    throw error
  }
}

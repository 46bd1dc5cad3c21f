/** `run/api.json`: which process serves the API of this home, for `agentz down` and a second `agentz up`. */
import { rm } from "node:fs/promises"
import { z } from "zod"
import { identityOf, isSame } from "#daemon/process/identity"
import { readRunFile } from "#daemon/run-file"
import { version } from "./package-root.ts"
import { readPrivate, writePrivate } from "./private-file.ts"

const ApiRun = z.object({
  pid: z.number().int().positive(),
  bootId: z.string(),
  startTime: z.string(),
  url: z.string(),
  streamsUrl: z.string(),
  streamsPid: z.number().int().nullable(),
  version: z.string(),
})
export type ApiRun = z.infer<typeof ApiRun>

/** Who serves the API, as long as that very process is alive; else `null`. */
export async function readApiRun(file: string): Promise<ApiRun | null> {
  const text = await readPrivate(file)
  const run = text === null ? null : parsedRun(text)
  return run !== null && isSame(run) ? run : null
}

/** The same, at once: for whoever starts a process. */
export function runningApi(file: string): ApiRun | null {
  const run = readRunFile(file, ApiRun)
  return run !== null && isSame(run) ? run : null
}

/** Says that this process serves. Disposing takes it back, unless another process has taken over since. */
export async function writeApiRun(
  file: string,
  facts: Pick<ApiRun, "url" | "streamsUrl" | "streamsPid">,
): Promise<AsyncDisposable> {
  const identity = identityOf(process.pid) ?? { bootId: "", pid: process.pid, startTime: "" }
  const run: ApiRun = { ...identity, ...facts, version }
  await writePrivate(file, `${JSON.stringify(run)}\n`)
  return {
    async [Symbol.asyncDispose]() {
      const text = await readPrivate(file)
      if (text !== null && parsedRun(text)?.pid === process.pid) await rm(file, { force: true })
    },
  }
}

function parsedRun(text: string): ApiRun | null {
  try {
    return ApiRun.safeParse(JSON.parse(text)).data ?? null
  } catch {
    return null
  }
}

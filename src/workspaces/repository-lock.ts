/** One process at a time makes work trees of a repository again: two would clone into each other's way. */
import { createHash, randomUUID } from "node:crypto"
import { rename, rm } from "node:fs/promises"
import { join } from "node:path"
import { identityOf, isSame } from "#daemon/process/identity"
import { ProcessRun } from "#daemon/run-file"
import { wait } from "#streams/transport"
import { createPrivate, readPrivate } from "../private-file.ts"

const LOOK_MS = 100
/** A clone takes its time. */
const WITHIN_MS = 900_000

/** Held until it is disposed, or its process is dead. */
export async function lockRepository(home: string, root: string): Promise<AsyncDisposable> {
  const name = createHash("sha256").update(root).digest("hex").slice(0, 16)
  const path = join(home, `recovering-${name}.lock`)
  const own = JSON.stringify(identityOf(process.pid))
  for (let waited = 0; waited < WITHIN_MS; waited += LOOK_MS) {
    if (await createPrivate(path, own)) return { [Symbol.asyncDispose]: () => rm(path, { force: true }) }
    const held = await readPrivate(path)
    if (held !== null && !isHeld(held)) await takeAway(path, held)
    else await wait(LOOK_MS)
  }
  throw new Error(`Somebody else makes work trees of ${root} again, and does not come to an end.`)
}

function isHeld(text: string): boolean {
  try {
    return isSame(ProcessRun.parse(JSON.parse(text)))
  } catch {
    return false
  }
}

/** Of many who find the holder dead, none takes away the lock of one who came after it. */
async function takeAway(path: string, dead: string): Promise<void> {
  const aside = `${path}.${randomUUID()}`
  if (
    !(await rename(path, aside).then(
      () => true,
      () => false,
    ))
  )
    return
  const taken = await readPrivate(aside)
  if (taken !== null && taken !== dead) await createPrivate(path, taken)
  await rm(aside, { force: true })
}

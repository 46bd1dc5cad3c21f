/** Preloaded into a process of agentz: it takes itself for one on the host `?name=`, and so does what it starts. */
import { syncBuiltinESMExports } from "node:module"
import os from "node:os"
import { join } from "node:path"

const { searchParams } = new URL(import.meta.url)
os.hostname = () => searchParams.get("name")
syncBuiltinESMExports()
process.execPath = join(searchParams.get("dir"), "node")

// The engine alone, as it is built. node bench/serve-engine.mjs DIR TOKEN
import { serveStreams } from "../dist/streams/engine/server.js"

const [, , dataDir, token] = process.argv
const log = (line) => process.stderr.write(`${JSON.stringify(line)}\n`)
const server = await serveStreams({ dataDir, token, log })
process.once("SIGTERM", () => void server.close().then(() => process.exit(0)))
console.log(server.url)

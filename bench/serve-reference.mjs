// The protocol's reference server. node bench/serve-reference.mjs DIR
import { DurableStreamTestServer } from "@durable-streams/server"

const server = new DurableStreamTestServer({ port: 0, dataDir: process.argv[2] })
console.log(`${await server.start()}/v1/stream`)

/** Every port that listens, tried with everything that must not get in, and with what must. */
import { createHash } from "node:crypto"
import { createServer } from "node:http"
import { connect } from "node:net"
import { expect, test } from "vitest"
import { askControlSocket, holdControlSocket } from "#daemon/control-socket"
import { socketIn, socketOf } from "#daemon/home"
import { isSame } from "#daemon/process/identity"
import { sessionIdOf } from "#streams/ids"
import { paths } from "#streams/paths"
import { wait } from "#streams/transport"
import { Installation, killHard, killPid } from "./installation.ts"
import { listenersOf } from "./listening.ts"
import { isTurnedAway, PROBES, type Surface, send, type Wire } from "./probes.ts"

const request = (port: number, token: string, target: string, body = ""): Wire => ({
  method: body === "" ? "GET" : "POST",
  target,
  version: "1.1",
  headers: [
    ["Host", `127.0.0.1:${port}`],
    ["Authorization", `Bearer ${token}`],
    ...(body === "" ? [] : [["Content-Type", "application/json"] as const]),
  ],
  body,
})

/** What every client of MCP sends along. */
const inMcp = (surface: Surface): Surface => ({
  ...surface,
  welcome: {
    ...surface.welcome,
    headers: [...surface.welcome.headers, ["Accept", "application/json, text/event-stream"]],
  },
})

test("of all probes none gets in anywhere, and what is welcome does", async () => {
  expect(Object.keys(PROBES).length).toBeGreaterThanOrEqual(32)
  await using agentz = await Installation.open()
  const up = await agentz.up()
  const sessionId = await agentz.spawn("[[slow n=2000 ms=50]]")
  await agentz.until(sessionId, "running", ({ status }) => status === "running")
  const daemon = agentz.daemon(sessionId)
  const streams = agentz.server()

  const listening = listenersOf([up.pid, up.streamsPid, daemon.pid])
  const ports = [new URL(up.api), new URL(streams.url)].map(({ port }) => Number(port))
  expect(listening.map(({ address }) => address)).toEqual(["127.0.0.1", "127.0.0.1"])
  expect(listening.map(({ port }) => port).sort()).toEqual([...ports].sort())

  const [apiPort = 0, streamsPort = 0] = ports
  const { token } = JSON.parse((await agentz.run(["mcp", "token", "create", "--json"])).stdout)
  const spawned = JSON.stringify({ agentType: "demo", prompt: "x", workingDir: agentz.workingDir })
  const subscribed = encodeURIComponent(JSON.stringify({ sessionId }))
  const command = JSON.stringify([{ type: "cancel_requested", at: new Date().toISOString() }])
  const call = JSON.stringify({
    jsonrpc: "2.0",
    id: 1,
    method: "tools/call",
    params: { name: "session_status", arguments: { sessionId } },
  })
  const at = (name: string, port: number, token: string, target: string, body?: string): Surface => ({
    name,
    port,
    token,
    welcome: request(port, token, target, body),
  })
  const surfaces: readonly Surface[] = [
    at("a start", apiPort, up.token, "/trpc/agent.spawn", spawned),
    at("a read", apiPort, up.token, "/trpc/agent.listSessions?input=%7B%7D"),
    at("a subscription", apiPort, up.token, `/trpc/agent.subscribe?input=${subscribed}`),
    at("a stream, live", apiPort, up.token, `/v1/stream/${sessionId}/events?offset=-1&live=sse`),
    inMcp(at("MCP", apiPort, up.token, "/mcp", call)),
    inMcp(at("MCP with a token of its own", apiPort, token, "/mcp", call)),
    at("metrics", apiPort, up.token, "/metrics"),
    at("the stream server, read", streamsPort, streams.token ?? "", "/v1/stream/__registry__?offset=-1"),
    at(
      "the stream server, live",
      streamsPort,
      streams.token ?? "",
      `/v1/stream/${sessionId}/events?offset=-1&live=sse`,
    ),
    at(
      "the stream server, append",
      streamsPort,
      streams.token ?? "",
      `/v1/stream/${sessionId}/inbox`,
      command,
    ),
    at("the stream server, metrics", streamsPort, streams.token ?? "", "/metrics"),
  ]

  const sessions = async () => JSON.parse((await agentz.run(["ls", "--json"])).stdout).sessions.length
  const before = await sessions()
  const inside: string[] = []
  for (const surface of surfaces)
    for (const [name, probe] of Object.entries(PROBES)) {
      const reply = await send(surface.port, probe(surface))
      if (!isTurnedAway(reply)) inside.push(`${surface.name}, ${name}: ${reply.head.split("\r\n")[0]}`)
    }
  expect(inside).toEqual([])
  expect(await sessions()).toBe(before)
  expect((await agentz.session(sessionId)).status).toBe("running")

  for (const { name, port, welcome } of surfaces)
    expect((await send(port, welcome)).status, name).toSatisfy(
      (status: number) => status >= 200 && status < 300,
    )
  await agentz.until(sessionId, "cancelled", ({ status }) => status === "cancelled")
})

test("a server without a guard takes every one of these probes", async () => {
  const server = createServer(
    { insecureHTTPParser: true, requireHostHeader: false },
    (_request, response) => {
      response.writeHead(200, { "access-control-allow-origin": "*" }).end("ok")
    },
  )
  server.on("connect", (_request, socket) => socket.end("HTTP/1.1 200 OK\r\n\r\n"))
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  const address = server.address()
  const port = typeof address === "object" && address ? address.port : 0
  const surface = {
    name: "open",
    port,
    token: "token-0123456789",
    welcome: request(port, "token-0123456789", "/x", "{}"),
  }
  const out: string[] = []
  for (const [name, probe] of Object.entries(PROBES))
    if (isTurnedAway(await send(port, probe(surface)))) out.push(name)
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
  // The parser itself refuses this one, whatever guard there is.
  expect(out).toEqual(["two lengths"])
})

test("a control socket tells who holds it, whatever is sent to it, and takes no orders", async () => {
  await using agentz = await Installation.open()
  await agentz.up()
  const sessionId = await agentz.spawn("[[slow n=2000 ms=50]]")
  await agentz.until(sessionId, "running", ({ status }) => status === "running")
  const daemon = agentz.daemon(sessionId)
  const address = socketIn(agentz.home, daemon)
  const orders = [
    "",
    "\0",
    "{".repeat(10_000),
    `${JSON.stringify({ type: "stop", at: new Date().toISOString() })}\n`,
    `${JSON.stringify({ type: "permission_response", requestId: "req_a", decision: "allow" })}\n`,
    "POST /stop HTTP/1.1\r\nHost: x\r\n\r\n",
    Buffer.alloc(1024 * 1024, 0xff),
  ]
  for (const order of orders)
    await new Promise<void>((resolve) => {
      const socket = connect(address)
      socket.on("error", () => resolve())
      socket.on("close", () => resolve())
      socket.write(order)
      socket.resume()
    })
  expect(await askControlSocket(address, 2_000)).toMatchObject({ sessionId, epoch: 1, pid: daemon.pid })
  expect(isSame(daemon)).toBe(true)
  expect((await agentz.session(sessionId)).status).toBe("running")
})

test("whoever holds the names of control sockets that can be guessed keeps no session from starting", async () => {
  await using agentz = await Installation.open()
  const { agent } = agentz.client(await agentz.up())
  const sessionId = await sessionIdOf("squatted")
  const squatter = () => ({ sessionId, epoch: 1, pid: process.pid })
  await using _squatted = await holdControlSocket(socketOf(agentz.home, sessionId, 1, null), squatter)
  const spawned = await agent.spawn.mutate({
    agentType: "demo",
    prompt: "[[say text=hello]]",
    workingDir: agentz.workingDir,
    idempotencyKey: "squatted",
  })
  expect(spawned.sessionId).toBe(sessionId)
  const { epoch } = await agentz.until(sessionId, "completed", ({ status }) => status === "completed")
  expect(epoch).toBe(1)
})

const LONG = process.env.AGENTZ_TEST_LONG === "1"
if (!LONG) console.log("left out: one who holds the turn is waited for (AGENTZ_TEST_LONG=1)")

test.runIf(LONG && process.platform === "linux")(
  "whoever holds the turn to start the stream server delays its start and does not prevent it",
  async () => {
    await using agentz = await Installation.open()
    await agentz.run(["ls"])
    await agentz.run(["down", "--all"])
    const turn = createHash("sha256").update(`${agentz.home}\nstart the stream server`).digest("hex")
    await using _squatted = await holdControlSocket(`\0agentz-${turn.slice(0, 32)}`, () => ({
      sessionId: "",
      epoch: 0,
      pid: 0,
    }))
    expect((await agentz.run(["ls"])).code).toBe(0)
  },
)

test("the token of the environment opens the embedded stream server, whoever starts it", async () => {
  const token = "a-token-of-the-environment"
  await using agentz = await Installation.open({ AGENTZ_STREAMS_TOKEN: token })
  const up = await agentz.up()
  const sessionId = await agentz.spawn("[[slow n=2000 ms=50]]")
  await agentz.until(sessionId, "running", ({ status }) => status === "running")
  const opens = async (given: string) => {
    const { url } = agentz.server()
    const headers = { authorization: `Bearer ${given}` }
    return (await fetch(`${url}/${paths.events(sessionId)}`, { method: "HEAD", headers })).status
  }
  expect(await opens(token)).toBe(200)
  expect(await opens("another-token-altogether")).toBe(401)
  await killHard(up.process)
  await killPid(agentz.server())
  while (agentz.streamServer() === null) await wait(50)
  expect(await opens(token)).toBe(200)
})

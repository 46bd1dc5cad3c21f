/** Malformed requests at every port of a real installation. `AGENTZ_TEST_LONG=1` sends 10,000 to each. */
import { connect } from "node:net"
import { expect, test } from "vitest"
import { askControlSocket } from "#daemon/control-socket"
import { socketIn } from "#daemon/home"
import { isSame } from "#daemon/process/identity"
import { exchange, malformed, STREAM_PATHS, statusesIn } from "../support/malformed.ts"
import { Installation, residentKb } from "./installation.ts"

const COUNT = process.env.AGENTZ_TEST_LONG ? 10_000 : 500
const AT_ONCE = 16
const GROWTH_KB = 64 * 1024

test(`${COUNT} malformed requests to each port: no answer of 500 or more, no crash, no growth`, {
  timeout: 300_000,
}, async () => {
  const seed = Number(process.env.AGENTZ_TEST_SEED ?? Date.now() % 1_000_000_000)
  console.info(`seed ${seed} (again with AGENTZ_TEST_SEED=${seed})`)
  await using agentz = await Installation.open()
  const up = await agentz.up()
  const sessionId = await agentz.spawn("[[slow n=5000 ms=50]]")
  await agentz.until(sessionId, "running", ({ status }) => status === "running")
  const streams = agentz.endpoint()
  const ports = [
    { pid: up.pid, url: up.api, token: up.token },
    { pid: up.streamsPid, url: streams.url, token: streams.token ?? "", paths: STREAM_PATHS },
  ]
  for (const { pid, url, ...to } of ports) {
    const { port, host } = new URL(url)
    const bad: string[] = []
    let answered = 0
    const volley = async (first: number, count: number) => {
      let next = first
      const one = async () => {
        for (let index = next++; index < first + count; index = next++) {
          const bytes = malformed(seed + index, { host, ...to })
          const answer = await exchange(Number(port), bytes, 150)
          const statuses = statusesIn(answer)
          if (statuses.length > 0) answered++
          if (statuses.some((status) => status >= 500))
            bad.push(`${JSON.stringify(bytes.toString("latin1"))}\n→ ${answer.slice(0, 300)}`)
        }
      }
      await Promise.all(Array.from({ length: AT_ONCE }, one))
    }
    // The first ones fill what is compiled and cached once.
    await volley(0, COUNT / 5)
    const before = residentKb(pid)
    await volley(COUNT / 5, COUNT - COUNT / 5)
    expect(bad, url).toEqual([])
    expect(answered, url).toBeGreaterThan(COUNT / 2)
    expect(residentKb(pid) - before, `growth in KB at ${url}`).toBeLessThan(GROWTH_KB)
    const health = await fetch(new URL("/healthz", url), { signal: AbortSignal.timeout(1_000) })
    expect(health.status).toBe(200)
  }

  const daemon = agentz.daemon(sessionId)
  const address = socketIn(agentz.home, daemon)
  for (let index = 0; index < COUNT / 10; index++)
    await new Promise<void>((resolve) => {
      const socket = connect(address)
      socket.on("error", () => resolve())
      socket.on("close", () => resolve())
      socket.resume().write(malformed(seed + index, { host: "x", token: "y" }))
    })
  expect(await askControlSocket(address, 1_000)).toMatchObject({ sessionId, pid: daemon.pid })
  expect(isSame(daemon)).toBe(true)
  expect((await agentz.session(sessionId)).status).toBe("running")
})

/** More than an event has room for: nothing of it is lost, and nothing that is written is too large for a stream. */
import { createHash } from "node:crypto"
import { readFileSync } from "node:fs"
import { expect, test } from "vitest"
import { toolsIn } from "../daemon/acp/transcript.ts"
import { gapless, Installation, killPid, saidIn } from "./installation.ts"

const NUMBERS = 200_000
const numbers = Array.from({ length: NUMBERS }, (_, n) => `${n + 1}\n`).join("")

/** What the largest event weighs, and how many there are. */
function weightOf(events: readonly unknown[]) {
  const sizes = events.map((event) => JSON.stringify(event).length)
  return {
    count: sizes.length,
    largest: Math.max(...sizes),
    bytes: sizes.reduce((sum, size) => sum + size, 0),
  }
}

const peakOf = (pid: number): number =>
  Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0) / 1024

test("a command's output of 1.3 MB is shown in part, and printed whole by show --output and over HTTP", async () => {
  await using agentz = await Installation.open()
  const ready = await agentz.up()
  const sessionId = await agentz.spawn(`[[bash cmd="seq 1 ${NUMBERS}"]]`)
  const session = await agentz.until(sessionId, "completed", ({ status }) => status === "completed")
  const [call] = toolsIn(session)
  if (!call?.outputBlob) throw new Error("The output has no blob.")
  expect(call.output).toMatch(/^1\n2\n[\s\S]*characters left out[\s\S]*200000$/)
  const whole = numbers.trimEnd()
  expect(call.outputBlob.bytes).toBe(whole.length)
  const hash = createHash("sha256").update(whole).digest("hex").slice(0, 32)
  expect(call.outputBlob.blob).toBe(`${sessionId}/blob-${hash}`)

  const shown = await agentz.run(["show", sessionId])
  expect(shown.stdout).toContain(`agentz show ${sessionId} --output ${call.toolCallId}`)
  expect((await agentz.run(["show", sessionId, "--output", call.toolCallId])).stdout).toBe(whole)
  const json = await agentz.run(["show", sessionId, "--json", "--output", call.toolCallId.slice(0, 8)])
  expect(JSON.parse(json.stdout)).toEqual({ output: whole })
  expect((await agentz.run(["show", sessionId, "--output", "nope"])).stderr).toContain("no call")

  let read = ""
  for (let offset = "-1"; ; ) {
    const answer = await fetch(`${ready.api}/v1/stream/${call.outputBlob.blob}?offset=${offset}`, {
      headers: { authorization: `Bearer ${ready.token}` },
    })
    expect(answer.status).toBe(200)
    read += await answer.text()
    offset = answer.headers.get("stream-next-offset") ?? ""
    if (answer.headers.get("stream-closed") === "true") break
  }
  expect(read).toBe(whole)
})

test("a blob that was made while the stream server was away is there when its daemon is killed as well", async () => {
  await using agentz = await Installation.open()
  const { process: api } = await agentz.up()
  const sessionId = await agentz.spawn(`[[delay ms=1500]] [[bash cmd="seq 1 ${NUMBERS}"]] [[hang]]`)
  await agentz.until(sessionId, "running", ({ status }) => status === "running")
  const daemon = agentz.daemon(sessionId)
  api.kill("SIGKILL")
  await killPid(agentz.server())
  const spool = `${agentz.home}/sessions/${sessionId}/spool.ndjson`
  await expect.poll(() => readFileSync(spool, "utf8"), { timeout: 20_000 }).toContain('"outputBlob"')
  await killPid(daemon)
  await agentz.up()
  const session = await agentz.until(sessionId, "interrupted", ({ status }) => status === "interrupted")
  const [call] = toolsIn(session)
  expect(call).toMatchObject({ status: "completed", outputTruncated: true })
  const { stdout } = await agentz.run(["show", sessionId, "--output", call?.toolCallId ?? ""])
  expect(stdout).toBe(numbers.trimEnd())
  expect(gapless(await agentz.events(sessionId))).toBe(true)
})

test.each([
  ["an answer of 5 MB", "[[huge mb=5]]", 5 * 1024 * 1024],
  ["an answer in 100,000 chunks", "[[text n=100000 ms=0]]", 988_895],
])(
  "%s is complete, in events that every stream takes, and the daemon stays small",
  async (what, prompt, length) => {
    await using agentz = await Installation.open()
    await agentz.up()
    const began = performance.now()
    const sessionId = await agentz.spawn(prompt)
    const session = await agentz.until(
      sessionId,
      "completed",
      ({ status }) => status === "completed",
      120_000,
    )
    const ms = performance.now() - began
    const peak = peakOf(agentz.daemon(sessionId).pid)
    const events = await agentz.events(sessionId)
    const weight = weightOf(events)
    console.log(
      `${what}: ${ms.toFixed(0)} ms, ${weight.count} events, ${weight.bytes} bytes, largest ${weight.largest}, daemon ${peak.toFixed(0)} MB`,
    )
    expect(saidIn(session)).toHaveLength(length)
    expect(gapless(events)).toBe(true)
    expect(weight.largest).toBeLessThan(1024 * 1024)
    expect(peak).toBeLessThan(400)
  },
)

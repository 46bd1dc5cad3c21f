/**
 * A daemon that was stopped for longer than anybody waits, and wakes up when another one has its session: not one of
 * its words is heard any more, and it ends with all that it had started. A short run here; `AGENTZ_TEST_LONG=1` makes a
 * hundred rounds, ten at a time.
 */
import { expect, test } from "vitest"
import { isSame, signal } from "#daemon/process/identity"
import { processesOf } from "#daemon/process/tree"
import type { SessionId } from "#streams/ids"
import { needsDaemon } from "#streams/session"
import { wait } from "#streams/transport"
import { gapless, Installation } from "./installation.ts"

const ROUNDS = process.env.AGENTZ_TEST_LONG ? 10 : 1
const AT_ONCE = process.env.AGENTZ_TEST_LONG ? 10 : 1
const FENCED = 76

const startedBy = (sessionId: SessionId, epoch: number) =>
  processesOf({
    belongs: (one) =>
      one.carries("AGENTZ_SESSION", sessionId) && one.variable("AGENTZ_EPOCH") === String(epoch),
  })

test(
  `of two daemons only the one with the newer epoch is heard, ${ROUNDS * AT_ONCE} times`,
  async () => {
    await using agentz = await Installation.open()
    const ready = await agentz.up()
    const codes = new Map<number, number | null>()
    let log = ""
    ready.process.stderr?.on("data", (chunk) => {
      log += chunk
      for (const [, line] of log.matchAll(/^(.*"daemon_ended".*)\n/gm)) {
        const { pid, code } = JSON.parse(line ?? "{}") as { pid: number; code: number | null }
        codes.set(pid, code)
      }
    })
    const { agent } = agentz.client(ready)

    const round = async () => {
      const { sessionId } = await agent.spawn.mutate({
        agentType: "demo",
        prompt: `[[bash cmd="while :; do echo tick; sleep 0.1; done"]]`,
        workingDir: agentz.workingDir,
        permissionMode: "bypass",
      })
      const ticking = ({ items }: { readonly items: readonly { readonly type: string }[] }) =>
        items.some((item) => item.type === "tool" && JSON.stringify(item).includes("tick"))
      await agentz.until(sessionId, "ticking", ticking)
      const old = agentz.daemon(sessionId)
      expect(signal(old, "SIGSTOP")).toBe(true)
      await agentz.until(sessionId, "interrupted", ({ status }) => status === "interrupted", 60_000)
      await agent.resume.mutate({ sessionId })
      await agentz.until(
        sessionId,
        "taken up",
        (session) => session.epoch > old.epoch + 1 && !needsDaemon(session.status),
        60_000,
      )
      // It could not end its tools while it was stopped: whoever took over did.
      expect(startedBy(sessionId, old.epoch)).toEqual([])
      expect(signal(old, "SIGCONT")).toBe(true)
      for (const limit = performance.now() + 15_000; isSame(old) && performance.now() < limit; )
        await wait(50)
      expect(isSame(old)).toBe(false)
      for (let waited = 0; waited < 5_000 && !codes.has(old.pid); waited += 50) await wait(50)
      expect(codes.get(old.pid)).toBe(FENCED)
      const events = await agentz.events(sessionId)
      expect(gapless(events)).toBe(true)
      const first = events.findIndex(({ epoch }) => epoch > old.epoch)
      expect(events.slice(first).filter(({ epoch }) => epoch <= old.epoch)).toEqual([])
      expect(startedBy(sessionId, old.epoch)).toEqual([])
    }
    for (let done = 0; done < ROUNDS; done++) await Promise.all(Array.from({ length: AT_ONCE }, round))
  },
  120_000 + ROUNDS * 120_000,
)

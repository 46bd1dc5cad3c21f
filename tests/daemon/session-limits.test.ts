/** Limits in the loop of a daemon: set while it lives, and kept to in the turn that runs. */
import { expect, test } from "vitest"
import { type ScriptedTurn, SessionLoop } from "../support/session-loop.ts"

const forever = () => new Promise<void>(() => undefined)

const costs = (turn: ScriptedTurn, amount: number) =>
  turn.update({ sessionUpdate: "usage_update", used: 1, size: 1, cost: { amount, currency: "USD" } })

test("a turn ends when its session has cost what it may, the next is not begun, and more money is more work", async () => {
  const script = async (turn: ScriptedTurn) => {
    await costs(turn, turn.text === "more" ? 3 : 2.5)
    if (turn.text !== "more") await forever()
  }
  await using loop = new SessionLoop({ script })
  loop.ask({ type: "set_limits", limits: { costUsd: 2 } })
  loop.send("work")
  const ended = await loop.until("ended", ({ status }) => status === "failed")
  expect(ended.error).toMatchObject({ code: "cost_budget" })
  expect(ended.usage.costUsd).toBe(2.5)
  loop.send("again")
  await loop.until("refused", ({ turns, status }) => turns === 2 && status === "failed")
  expect(loop.prompts).toEqual(["work"])
  loop.ask({ type: "set_limits", limits: { costUsd: 10 } })
  loop.send("more")
  const more = await loop.until("done", ({ turns, status }) => turns === 3 && status === "completed")
  expect(more.limits).toEqual({ costUsd: 10 })
  expect(more.usage.costUsd).toBe(3)
  expect(loop.prompts).toEqual(["work", "more"])
})

test("two who set different limits at once both have their way", async () => {
  await using loop = new SessionLoop({ script: forever })
  loop.ask({ type: "set_limits", limits: { minutes: 1 }, change: { minutes: 1 } })
  loop.ask({ type: "set_limits", limits: { costUsd: 5 }, change: { costUsd: 5 } })
  const { limits } = await loop.until("set", ({ limits }) => limits.costUsd === 5)
  expect(limits).toEqual({ minutes: 1, costUsd: 5 })
})

test("what was set for an earlier daemon does not come again: the next one was told", async () => {
  const first = new SessionLoop({ script: forever })
  first.ask({ type: "set_limits", limits: { minutes: 1 } })
  await first.until("set", ({ limits }) => limits.minutes === 1)
  await using next = new SessionLoop({ from: first.killed(), script: forever })
  next.send("work")
  await next.until("running", ({ status }) => status === "running")
  expect(next.types().filter((type) => type === "limits_changed")).toHaveLength(1)
})

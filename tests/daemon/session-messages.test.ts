/** Messages in the loop of a daemon: queued, said into a turn, instead of it, and taken back. */
import { expect, test, vi } from "vitest"
import { SessionLoop } from "../support/session-loop.ts"

const forever = () => new Promise<void>(() => undefined)
const texts = ({ items }: SessionLoop["session"]) =>
  items.flatMap((item) => (item.type === "user" ? [item.text] : []))

test("messages that wait get their turns in order", async () => {
  await using loop = new SessionLoop({ script: async () => undefined })
  for (const text of ["one", "two", "three"]) loop.send(text)
  await loop.until("all done", ({ turns, status }) => turns === 3 && status === "completed")
  expect(loop.prompts).toEqual(["one", "two", "three"])
})

test("a message that comes while the daemon is about to leave gets its turn, and the daemon stays for it", async () => {
  let go: () => void = () => undefined
  const late = new Promise<void>((resolve) => {
    go = resolve
  })
  let sent = false
  let cutOff: boolean | null = null
  await using loop: SessionLoop = new SessionLoop({
    script: async ({ text, signal }) => {
      if (text !== "late") return
      await late
      cutOff = signal.aborted
    },
    idleMs: 1,
    whileLeaving: async () => {
      if (sent || loop.session.turns !== 1) return
      sent = true
      loop.send("late")
      await loop.until("running", ({ turns, turnId }) => turns === 2 && turnId !== null)
    },
  })
  loop.send("first")
  await loop.until("begun again", ({ turns }) => turns === 2)
  setTimeout(go, 50)
  await loop.until("over", ({ turnId }) => turnId === null)
  await vi.waitFor(() => expect(cutOff).toBe(false))
})

test("a message into a turn is heard in it, and gets no turn of its own", async () => {
  const heard: string[] = []
  await using loop = new SessionLoop({ script: async (turn) => void heard.push(await turn.heard()) })
  loop.send("begin")
  await loop.until("running", ({ turnId }) => turnId !== null)
  const messageId = loop.send("and mind the tests", "steer")
  const session = await loop.until("over", ({ status }) => status === "completed")
  expect({ heard, turns: session.turns, queue: session.queue }).toEqual({
    heard: ["and mind the tests"],
    turns: 1,
    queue: [],
  })
  expect(session.items.find(({ key }) => key === messageId)).toMatchObject({ type: "user", steered: true })
})

test("an agent that hears nothing while it works gets the message after its turn, and the transcript says so", async () => {
  let go: () => void = () => undefined
  const wait = new Promise<void>((resolve) => {
    go = resolve
  })
  await using loop = new SessionLoop({ steer: "unable", script: () => wait })
  loop.send("begin")
  await loop.until("running", ({ turnId }) => turnId !== null)
  loop.send("later then", "steer")
  await loop.until("told", ({ items }) => items.some((item) => item.type === "notice"))
  go()
  await loop.until("over", ({ turns, status }) => turns === 2 && status === "completed")
  expect(loop.prompts).toEqual(["begin", "later then"])
})

test("a message that came too late for its turn gets the next one", async () => {
  let go: () => void = () => undefined
  const wait = new Promise<void>((resolve) => {
    go = resolve
  })
  await using loop = new SessionLoop({ steer: "too late", script: () => wait })
  loop.send("begin")
  await loop.until("running", ({ turnId }) => turnId !== null)
  loop.send("too late", "steer")
  go()
  const session = await loop.until("over", ({ turns, status }) => turns === 2 && status === "completed")
  expect(texts(session)).toEqual(["begin", "too late"])
})

test("an interrupting message ends the turn and goes before what waits", async () => {
  await using loop = new SessionLoop({
    script: ({ text }) => (text === "begin" ? forever() : Promise.resolve()),
  })
  loop.send("begin")
  await loop.until("running", ({ turnId }) => turnId !== null)
  loop.send("waits")
  loop.send("now", "interrupt")
  await loop.until("over", ({ turns, status }) => turns === 3 && status === "completed")
  expect(loop.prompts).toEqual(["begin", "now", "waits"])
})

test("a message that is withdrawn in time is never said, also by the next daemon", async () => {
  const loop = new SessionLoop({ script: forever })
  loop.send("begin")
  await loop.until("running", ({ turnId }) => turnId !== null)
  const messageId = loop.send("never mind")
  await loop.until("queued", ({ queue }) => queue.length === 1)
  loop.ask({ type: "withdraw", messageId })
  const session = await loop.until("withdrawn", ({ queue }) => queue.length === 0)
  expect(texts(session)).toEqual(["begin"])
  const untaken = loop.send("nor this")
  const left = loop.killed()
  left.inbox.push({ type: "withdraw", at: "", messageId: untaken })

  await using next = new SessionLoop({ from: left, script: async () => undefined })
  next.send("go on")
  await next.until("over", ({ status, turnId }) => status === "completed" && turnId === null)
  expect(next.prompts).toEqual(["go on"])
})

test("a message that has its turn cannot be withdrawn", async () => {
  await using loop = new SessionLoop({ script: forever })
  const messageId = loop.send("begin")
  await loop.until("running", ({ turnId }) => turnId !== null)
  loop.ask({ type: "withdraw", messageId })
  loop.send("waits")
  const session = await loop.until("queued", ({ queue }) => queue.length === 1)
  expect(texts(session)).toEqual(["begin", "waits"])
  expect(loop.types()).not.toContain("message_withdrawn")
})

test("a message by which an agent sums up its memory counts as that, unless it comes to nothing", async () => {
  const summedUp = ({ events }: SessionLoop) =>
    events.filter(({ type }) => type === "context_compacted").length
  let fails = false
  const script = async () => {
    if (fails) throw new Error("No.")
  }
  await using loop = new SessionLoop({ as: "opencode", script })
  const over = (turns: number) =>
    loop.until("over", (session) => session.turns === turns && session.turnId === null)
  loop.send("/compact the files")
  await over(1)
  expect(summedUp(loop)).toBe(0)
  loop.send(" /compact\n")
  await over(2)
  expect(summedUp(loop)).toBe(1)
  fails = true
  loop.send("/compact")
  await over(3)
  expect(summedUp(loop)).toBe(1)
  await using other = new SessionLoop({ script: async () => undefined })
  other.send("/compact")
  await other.until("over", ({ turns, turnId }) => turns === 1 && turnId === null)
  expect(summedUp(other)).toBe(0)
})

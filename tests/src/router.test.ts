import {
  createTRPCClient,
  httpBatchLink,
  httpSubscriptionLink,
  splitLink,
  TRPCClientError,
} from "@trpc/client"
import { expect, test } from "vitest"
import { PROBLEMS, Problem, type ProblemSlug } from "#src/problem"
import type { AppRouter } from "#src/router"
import type { SessionEvent } from "#streams/event"
import { SessionId, TurnId } from "#streams/ids"
import { TOKEN, testApi } from "../support/api.ts"

const turnId = TurnId.parse("turn_a")
const text = (words: string) =>
  ({ type: "agent_message_chunk", turnId, messageId: "m", text: words }) as const

test("each procedure is one call of the plane", async () => {
  await using api = await testApi()
  const client = createTRPCClient<AppRouter>({
    links: [httpBatchLink({ url: `${api.url}/trpc`, headers: { authorization: `Bearer ${TOKEN}` } })],
  })
  const { sessionId } = await client.agent.spawn.mutate({
    agentType: "demo",
    prompt: "hello",
    permissionMode: "ask",
  })
  const { messageId } = await client.agent.sendMessage.mutate({ sessionId, text: "more", mode: "steer" })
  await client.agent.approve.mutate({ sessionId, requestId: "req_a", decision: "allow_always" })
  await client.agent.cancel.mutate({ sessionId })
  const resumed = await client.agent.resume.mutate({ sessionId })
  const view = await client.agent.getSession.query({ sessionId, tail: 10 })
  const { sessions } = await client.agent.listSessions.query()
  const types = await client.agent.agentTypes.query()

  expect(api.plane.calls.map(({ name }) => name)).toEqual([
    "spawn",
    "sendMessage",
    "approve",
    "cancel",
    "resume",
  ])
  expect(api.plane.calls[0]?.input).toEqual({ agentType: "demo", prompt: "hello", permissionMode: "ask" })
  expect({ messageId, resumed, types: types.length }).toEqual({
    messageId: "msg_fake",
    resumed: { sessionId, epoch: 2 },
    types: 1,
  })
  expect(view).toMatchObject({ items: [], session: { title: "hello" }, hasMore: false })
  expect(sessions.map((entry) => entry.sessionId)).toEqual([sessionId])
})

test("a subscription gives each event with its offset, and takes up where the reader was", async () => {
  await using api = await testApi()
  const sessionId = api.plane.session()
  api.plane.say(sessionId, text("one"), text("two"))
  const input = encodeURIComponent(JSON.stringify({ sessionId }))
  const read = async (headers: Record<string, string>, until: string) => {
    const leave = new AbortController()
    const response = await fetch(`${api.url}/trpc/agent.subscribe?input=${input}`, {
      headers: { authorization: `Bearer ${TOKEN}`, accept: "text/event-stream", ...headers },
      signal: leave.signal,
    })
    expect(response.headers.get("content-type")).toContain("text/event-stream")
    let seen = ""
    const decoder = new TextDecoder()
    for await (const chunk of response.body ?? []) {
      seen += decoder.decode(chunk, { stream: true })
      if (seen.includes(until)) break
    }
    leave.abort()
    return seen
  }

  const all = await read({}, '"two"')
  expect(all).toMatch(/event: connected[\s\S]*"one"[\s\S]*id: 00000001[\s\S]*"two"/)
  const rest = await read({ "last-event-id": "00000001" }, '"two"')
  expect(rest).not.toContain('"one"')
})

test("the stock client's subscription follows live, and the plane hears when it leaves", async () => {
  await using api = await testApi()
  const sessionId = api.plane.session()
  api.plane.say(sessionId, text("one"))
  class WithToken extends FetchEventSource {
    constructor(url: string | URL) {
      super(url, { authorization: `Bearer ${TOKEN}` })
    }
  }
  const client = createTRPCClient<AppRouter>({
    links: [
      splitLink({
        condition: (op) => op.type === "subscription",
        true: httpSubscriptionLink({ url: `${api.url}/trpc`, EventSource: WithToken as never }),
        false: httpBatchLink({ url: `${api.url}/trpc` }),
      }),
    ],
  })
  const seen: { id: string; data: SessionEvent }[] = []
  await new Promise<void>((resolve, reject) => {
    const subscription = client.agent.subscribe.subscribe(
      { sessionId },
      {
        onData: (one) => {
          seen.push(one as { id: string; data: SessionEvent })
          if (seen.length === 1) api.plane.say(sessionId, text("two"))
          else {
            subscription.unsubscribe()
            resolve()
          }
        },
        onError: reject,
      },
    )
  })
  expect(seen.map(({ id, data }) => [id, data.seq])).toEqual([
    ["00000001", 0],
    ["00000002", 1],
  ])
  await expect.poll(() => api.plane.followers()).toBe(0)
})

test.each(Object.keys(PROBLEMS) as ProblemSlug[])(
  "the problem %s has its code, its slug and its sentence",
  async (reason) => {
    await using api = await testApi()
    api.plane.resume = async () => {
      throw new Problem(reason, "What is wrong: what to do.")
    }
    const answer = await api.rpc("agent.resume", { sessionId: "ses_a" })

    expect(answer.json().error).toMatchObject({
      message: "What is wrong: what to do.",
      data: { code: PROBLEMS[reason], reason, path: "agent.resume" },
    })
    expect(answer.json().error?.data).not.toHaveProperty("stack")
    expect(answer.status).toBe(answer.json().error?.data?.httpStatus)
  },
)

test.each([
  ["agent.spawn", { agentType: "demo", prompt: "  " }, 400, "empty_prompt"],
  ["agent.spawn", { agentType: "demo", prompt: "é".repeat(600_000) }, 413, "prompt_too_large"],
  ["agent.sendMessage", { sessionId: "ses_a", text: "x".repeat(1024 * 1024 + 1) }, 413, "prompt_too_large"],
  ["agent.spawn", { agentType: "demo" }, 400, "invalid_input"],
  ["agent.spawn", { agentType: "demo", prompt: "x", workingdir: "/" }, 400, "invalid_input"],
  ["agent.spawn", null, 400, "invalid_input"],
  ["agent.cancel", { sessionId: "../etc" }, 400, "invalid_input"],
  ["agent.approve", { sessionId: "ses_a", requestId: "req_a", decision: "maybe" }, 400, "invalid_input"],
  ["agent.cancel", { sessionId: "ses_unknown" }, 404, "unknown_session"],
  ["agent.nothing", {}, 404, "unknown_procedure"],
])("%s refuses a bad input with a reason and a sentence", async (path, input, status, reason) => {
  await using api = await testApi()
  const answer = await api.rpc(path, input)

  expect(answer.json().error).toMatchObject({
    message: expect.stringMatching(/^[A-Z].*\w/),
    data: { reason, httpStatus: status },
  })
  expect(answer.json().error?.message).not.toMatch(/^\[|\n/)
  expect(answer.status).toBe(status)
})

test("a fault of our own says nothing about the machine, and is in the log", async () => {
  await using api = await testApi()
  api.plane.resume = async () => {
    throw new Error("cannot open /home/someone/secret")
  }
  const answer = await api.rpc("agent.resume", { sessionId: "ses_a" })

  expect(answer.status).toBe(500)
  expect(answer.text).not.toContain("secret")
  expect(answer.json().error?.data?.reason).toBe("internal_error")
  expect(api.lines).toEqual([
    expect.objectContaining({ event: "call_failed", error: "cannot open /home/someone/secret" }),
  ])
})

test("a subscription to an unknown session is refused by its slug", async () => {
  await using api = await testApi()
  const sessionId = SessionId.parse("ses_unknown")
  const answer = await api.ask(
    `/trpc/agent.subscribe?input=${encodeURIComponent(JSON.stringify({ sessionId }))}`,
  )
  expect(answer.text).toContain("serialized-error")
  expect(answer.text).toContain('"reason":"unknown_session"')
  expect(answer.text).toContain('"code":"NOT_FOUND"')
})

test("a refusal at the door reads as an error to the stock client", async () => {
  await using api = await testApi()
  const client = createTRPCClient<AppRouter>({ links: [httpBatchLink({ url: `${api.url}/trpc` })] })
  const error = await client.agent.agentTypes.query().catch((caught: unknown) => caught)

  expect(error).toBeInstanceOf(TRPCClientError)
  expect((error as TRPCClientError<AppRouter>).data).toMatchObject({
    code: "UNAUTHORIZED",
    reason: "unauthorized",
  })
})

/** As much of a browser's EventSource as the subscription link needs. */
class FetchEventSource extends EventTarget {
  static readonly CONNECTING = 0
  static readonly OPEN = 1
  static readonly CLOSED = 2
  readyState: number = FetchEventSource.CONNECTING
  readonly #leave = new AbortController()

  constructor(url: string | URL, headers: Record<string, string>) {
    super()
    void this.#read(url, headers).catch(() => {
      if (!this.#leave.signal.aborted) this.dispatchEvent(new Event("error"))
    })
  }
  close() {
    this.readyState = FetchEventSource.CLOSED
    this.#leave.abort()
  }
  async #read(url: string | URL, headers: Record<string, string>) {
    const response = await fetch(url, {
      headers: { ...headers, accept: "text/event-stream" },
      signal: this.#leave.signal,
    })
    this.readyState = FetchEventSource.OPEN
    this.dispatchEvent(new Event("open"))
    let rest = ""
    const decoder = new TextDecoder()
    for await (const chunk of response.body ?? []) {
      const blocks = (rest + decoder.decode(chunk, { stream: true })).split("\n\n")
      rest = blocks.pop() ?? ""
      for (const block of blocks) {
        const fields = new Map(
          block
            .split("\n")
            .filter(Boolean)
            .map((line) => line.split(/: (.*)/s).slice(0, 2) as [string, string]),
        )
        if (!fields.has("data") || this.#leave.signal.aborted) continue
        this.dispatchEvent(
          new MessageEvent(fields.get("event") ?? "message", {
            data: fields.get("data"),
            lastEventId: fields.get("id") ?? "",
          }),
        )
      }
    }
  }
}

import { RequestError } from "@agentclientprotocol/sdk"
import { expect, test } from "vitest"
import { troubleOfError } from "#daemon/acp/trouble"

const NOW = Date.parse("2026-11-25T12:00:00Z")
const of = (error: unknown) => troubleOfError(error, NOW)

test.each([
  [RequestError.authRequired(), "provider_auth"],
  [new RequestError(-32603, "Internal error", { statusCode: 429 }), "provider_rate_limited"],
  [new RequestError(-32603, "Internal error", { statusCode: 529 }), "provider_overloaded"],
  [new RequestError(-32603, "Internal error", { statusCode: 503 }), "provider_unavailable"],
  [new RequestError(-32603, "Internal error", { errorKind: "overloaded" }), "provider_overloaded"],
  [new RequestError(-32603, "Internal error", { codexErrorInfo: "usageLimitExceeded" }), "usage_limit"],
  [
    new RequestError(-32603, "Internal error", { message: "prompt is too long: 210000 tokens" }),
    "context_too_long",
  ],
  [RequestError.invalidParams({ modelId: "x" }, "model not found: x"), "model_unknown"],
  [new Error("ACP connection closed"), "agent_exited"],
  [new Error("fetch failed"), "provider_unreachable"],
  [new RequestError(-32603, "Internal error"), "agent_error"],
  ["nonsense", "agent_error"],
  [null, "agent_error"],
])("%s is told as %s", (error, code) => {
  const { failure } = of(error)
  expect(failure).toMatchObject({
    code,
    message: expect.stringMatching(/./),
    hint: expect.stringMatching(/./),
  })
})

test("our own agents' failures are taken as they are, with the time that their hint tells", () => {
  const failure = {
    code: "provider_rate_limited",
    message: "Over the limit (429: slow down).",
    hint: "Send the message again in 90 seconds.",
  }
  expect(of(new RequestError(-32603, failure.message, failure))).toEqual({
    failure,
    limit: { kind: "rate", until: "2026-11-25T12:01:30.000Z" },
  })
})

test("a Retry-After of the service says how long to wait", () => {
  const error = new RequestError(-32603, "Too many requests", {
    statusCode: 429,
    responseHeaders: { "retry-after": "120" },
  })
  expect(of(error).limit).toEqual({ kind: "rate", until: "2026-11-25T12:02:00.000Z" })
})

test("the detail that an agent hides in the data is told, once, and not at length", () => {
  expect(
    of(new RequestError(-32603, "Internal error", { details: "the disk is on fire" })).failure.message,
  ).toBe("Internal error: the disk is on fire")
  expect(of(new Error(`x ${"y".repeat(10_000)}`)).failure.message.length).toBeLessThan(600)
})

import { describe, expect, test } from "vitest"
import type { WorkflowDefinition } from "#streams/workflow/definition"
import { plan, UNLIMITED } from "#streams/workflow/plan"
import { defined, NOW, standing, worldOf } from "../../support/workflow-world.ts"

const CHAIN = defined(`
name: chain
inputs: { task: { type: string, default: tea } }
steps:
  - { id: plan, kind: agent, prompt: "Plan {{inputs.task}}.", agent: demo }
  - { id: build, kind: agent, prompt: "Build: {plan.output}", agent: demo }
  - { id: test, kind: command, command: [make, "{{steps.build.output}}"] }
`)

test("steps begin when what they need is done, with what it gave in their texts", () => {
  const world = worldOf(CHAIN, { inputs: { task: "tea" } })
  expect(world.open.map(({ stepId }) => stepId)).toEqual(["plan"])
  expect(world.open[0]?.body).toMatchObject({ kind: "agent", prompt: "Plan tea.", agent: "demo" })
  world.end("plan", { output: "first A, then B" })
  expect(world.open[0]?.body).toMatchObject({ prompt: "Build: first A, then B" })
  world.end("build", { output: "a b" })
  expect(world.open[0]?.body).toMatchObject({ command: ["make", "a b"] })
  world.end("test", { output: "fine" })
  expect(world.run).toMatchObject({
    status: "completed",
    output: { type: "value", value: "fine" },
    illegal: 0,
  })
})

test("what is done is not planned again, whoever claims the run", () => {
  const world = worldOf(CHAIN, { inputs: { task: "tea" } })
  world.end("plan", { output: "x" })
  const before = world.run
  for (let claim = 0; claim < 3; claim++) world.claim()
  expect(world.run.steps).toEqual(before.steps)
  expect(world.begun.map(({ stepId }) => stepId)).toEqual(["plan", "build"])
  world.rest()
  expect(world.plan).toMatchObject({ say: [], start: [], stop: [], wakeAt: null })
})

describe("retries", () => {
  const one = (retry = "") =>
    defined(`{ name: one, steps: [{ id: a, kind: command, command: [x]${retry} }] }`)

  test("three attempts, with pauses that double, and every due time is in the log", () => {
    const world = worldOf(one(), { random: () => 0.999999 })
    const pauses: number[] = []
    world.end("a", { error: {} })
    while (world.plan.wakeAt !== null) {
      pauses.push(world.plan.wakeAt - world.now)
      world.wait()
      world.end("a", { error: {} })
    }
    expect(pauses).toEqual([1000, 2000])
    expect(world.log.map(({ type }) => type)).toEqual([
      ...["run_created", "run_claimed", "step_start", "step_failed", "step_retry", "step_start"],
      ...["step_failed", "step_retry", "step_start", "step_failed", "workflow_failed"],
    ])
    expect(world.log.filter(({ type }) => type === "step_failed")).toMatchObject([
      { retryable: true, retryAt: new Date(NOW + 1000).toISOString() },
      { retryable: true, retryAt: new Date(NOW + 3000).toISOString() },
      { retryable: true },
    ])
  })

  test("no pause is longer than the longest, and the dice may make it nothing", () => {
    const policy = ", retry: { attempts: 9, delay: 4s, maxDelay: 10s }"
    const longest = worldOf(one(policy), { random: () => 0.9999999 })
    const pauses: number[] = []
    longest.end("a", { error: {} })
    while (longest.plan.wakeAt !== null) {
      pauses.push(longest.plan.wakeAt - longest.now)
      longest.wait()
      longest.end("a", { error: {} })
    }
    expect(pauses).toEqual([4000, 8000, 10_000, 10_000, 10_000, 10_000, 10_000, 10_000])
    const shortest = worldOf(one(policy), { random: () => 0 })
    shortest.end("a", { error: {} })
    expect(shortest.open).toMatchObject([{ attempt: 2 }])
  })

  test("a due time is kept, not counted anew, when another worker takes the run", () => {
    const world = worldOf(one(), { random: () => 0.9999999 })
    world.end("a", { error: {} })
    world.now += 400
    world.claim()
    expect(world.plan.wakeAt).toBe(NOW + 1000)
    world.now += 599
    world.claim()
    expect(world.open).toEqual([])
    world.now += 1
    world.claim()
    expect(world.open).toMatchObject([{ attempt: 2 }])
  })

  test("who refused says how long to wait, and is believed", () => {
    const world = worldOf(one())
    world.end("a", { error: { retryAfterMs: 90_000 } })
    expect(world.plan.wakeAt).toBe(NOW + 90_000)
  })

  test.each(["validation", "configuration", "unauthorized", "forbidden", "missing_cli"] as const)(
    "a failure of class %s is final at once",
    (kind) => {
      const world = worldOf(one())
      world.end("a", { error: { class: kind } })
      expect(world.run).toMatchObject({ status: "failed", failedStep: "a" })
      expect(world.begun).toHaveLength(1)
    },
  )

  test("attempts that are lost with a worker are counted apart, and not without end", () => {
    const world = worldOf(one())
    for (let lost = 0; lost < 10; lost++) world.end("a", { lost: true })
    expect(world.run.steps.get("a")).toMatchObject({
      status: "running",
      failures: 0,
      recoveries: 10,
      attempt: 11,
    })
    world.end("a", { lost: true })
    expect(world.run).toMatchObject({ status: "failed", error: { code: "recovery_limit" } })
  })
})

describe("conditions", () => {
  const branch = defined(`
name: branch
steps:
  - { id: test, kind: command, command: [t], accept: any }
  - { id: fix, kind: agent, agent: demo, prompt: fix, when: steps.test.exitCode != 0 }
  - { id: report, kind: transform, needs: [fix], value: "{{ steps.fix.status }}" }
`)
  test("a step whose condition is not true is skipped, and those behind it go on", () => {
    const world = worldOf(branch)
    world.end("test", { exitCode: 0, output: "" })
    expect(standing(world.run)).toEqual({ test: "completed", fix: "skipped", report: "completed" })
    expect(world.run.output).toEqual({ type: "value", value: "skipped" })
  })
  test("and is done where it is true", () => {
    const world = worldOf(branch)
    world.end("test", { exitCode: 2, output: "" })
    expect(world.open).toMatchObject([{ stepId: "fix" }])
  })
  test("one that gives neither true nor false fails the step, and says what to do", () => {
    const world = worldOf(
      defined(`{ name: b, steps: [{ id: a, kind: command, command: [x], when: "1 + 1" }] }`),
    )
    expect(world.run).toMatchObject({ status: "failed", error: { code: "expression_failed" } })
    expect(world.run.error?.message).toContain("must give true or false")
  })
})

describe("what is missing", () => {
  const skipped = (prompt: string) =>
    defined(`
name: missing
steps:
  - { id: plan, kind: agent, agent: demo, prompt: p, output: json }
  - { id: build, kind: command, command: ["${prompt}"] }
`)
  test("an output that is not there is final, and named with its step and path", () => {
    const world = worldOf(skipped("{{steps.plan.output.files[0].name}}"))
    world.end("plan", { output: { files: [] } })
    expect(world.run).toMatchObject({
      status: "failed",
      failedStep: "build",
      error: { code: "missing_output" },
    })
    expect(world.run.error?.message).toContain("plan")
    expect(world.run.error?.message).toContain("files[0].name")
    expect(world.run.steps.get("build")?.attempts).toHaveLength(1)
  })
  test("so is one of a step that gave none", () => {
    const world = worldOf(skipped("{plan.output}"))
    world.end("plan", {})
    expect(world.run.error?.message).toContain("Step `plan` gave no output")
  })
  test("a step that asks first is fine", () => {
    const world = worldOf(skipped("{{ has(steps.plan.output) ? 'yes' : 'no' }}"))
    world.end("plan", {})
    expect(world.open[0]?.body).toMatchObject({ command: ["no"] })
  })
})

test("a step that failed stops those that need it and no others; the run fails when nothing more can be done", () => {
  const world = worldOf(
    defined(`
name: wide
steps:
  - { id: a, kind: command, command: [x] }
  - { id: b, kind: command, command: [x] }
  - { id: a2, kind: command, command: [x], needs: [a] }
  - { id: b2, kind: command, command: [x], needs: [b] }
`),
  )
  world.end("a", { error: { class: "forbidden" } })
  expect(world.run.status).toBe("running")
  world.rest()
  expect(standing(world.run)).toEqual({ a: "failed", b: "completed", a2: "pending", b2: "completed" })
  expect(world.run).toMatchObject({ status: "failed", failedStep: "a" })
})

test("a step that may fail is passed over, and its error can be read", () => {
  const world = worldOf(
    defined(`
name: lenient
steps:
  - { id: lint, kind: command, command: [x], onFailure: continue, retry: { attempts: 1 } }
  - { id: say, kind: transform, value: "{{ steps.lint.status + ': ' + steps.lint.error }}" }
`),
  )
  world.end("lint", { error: { message: "Tabs." } })
  expect(world.run).toMatchObject({ status: "completed", output: { value: "failed: Tabs." } })
})

describe("places", () => {
  const wide = defined(`
name: wide
concurrency: 2
steps:
${["a", "b", "c", "d"].map((id) => `  - { id: ${id}, kind: agent, agent: demo, prompt: p }`).join("\n")}
`)
  test("no more run than the workflow says", () => {
    const world = worldOf(wide)
    expect(world.open.map(({ stepId }) => stepId)).toEqual(["a", "b"])
    expect(world.plan.held).toEqual(["c", "d"])
    world.end("b")
    expect(world.open.map(({ stepId }) => stepId)).toEqual(["a", "c"])
  })
  test("nor than the machine has places for, in all and for one type of agent", () => {
    const world = worldOf(wide)
    world.room = { places: 0, agents: new Map() }
    world.end("a")
    expect(world.open.map(({ stepId }) => stepId)).toEqual(["b"])
    world.room = { places: 5, agents: new Map([["demo", 0]]) }
    world.say()
    expect(world.open.map(({ stepId }) => stepId)).toEqual(["b"])
    expect(world.plan.held).toEqual(["c", "d"])
    world.room = { places: 5, agents: new Map([["demo", 1]]) }
    world.say()
    expect(world.open.map(({ stepId }) => stepId)).toEqual(["b", "c"])
  })
  test("a step that waits holds none", () => {
    const world = worldOf(wide)
    const [{ generation, attempt } = { generation: 0, attempt: 1 }] = world.open
    world.say({
      type: "step_waiting",
      ...{ stepId: "a", generation, attempt },
      for: { type: "time", until: "2031-01-01T00:00:00Z" },
    })
    expect(world.open.map(({ stepId }) => stepId)).toEqual(["a", "b", "c"])
  })
})

describe("maps", () => {
  const map = (more = "") =>
    defined(`
name: map
inputs: { files: { type: list } }
steps:
  - id: review
    kind: map
    over: inputs.files
    concurrency: 2
${more}
    step: { kind: agent, agent: demo, prompt: "{{index}}: {{item}}", retry: { attempts: 1 } }
  - { id: sum, kind: transform, value: "{{ size(steps.review.output) }}" }
`)
  test("each item is a step, so many at once, and the outputs come in the order of the items", () => {
    const world = worldOf(map(), { inputs: { files: ["a", "b", "c"] } })
    expect(world.open.map(({ body }) => (body.kind === "agent" ? body.prompt : ""))).toEqual(["0: a", "1: b"])
    world.end("review/1", { output: "B" })
    world.end("review/2", { output: "C" })
    world.end("review/0", { output: "A" })
    expect(world.run.steps.get("review")?.output).toEqual({ type: "value", value: ["A", "B", "C"] })
    expect(world.run).toMatchObject({ status: "completed", output: { value: 3 } })
  })
  test("one with nothing to do is done", () => {
    const world = worldOf(map(), { inputs: { files: [] } })
    expect(world.run).toMatchObject({ status: "completed", output: { value: 0 } })
  })
  test("an item that fails lets the others end, and then fails the map", () => {
    const world = worldOf(map(), { inputs: { files: ["a", "b", "c"] } })
    world.rest(({ stepId }) => (stepId === "review/0" ? { error: { message: "No." } } : { output: "x" }))
    expect(standing(world.run)).toMatchObject({
      "review/0": "failed",
      "review/2": "completed",
      review: "failed",
    })
    expect(world.run.error?.message).toContain("1 of 3 items failed. The first, review/0: No.")
  })
  test("or is passed over where the map says so, and gives nothing", () => {
    const world = worldOf(map("    onFailure: continue"), { inputs: { files: ["a", "b"] } })
    world.rest(({ stepId }) => (stepId === "review/0" ? { error: {} } : { output: "x" }))
    expect(world.run.steps.get("review")?.output).toEqual({ type: "value", value: [null, "x"] })
    expect(world.run.status).toBe("completed")
  })
  test("a failed item is tried again alone", () => {
    const world = worldOf(map(), { inputs: { files: ["a", "b"] } })
    world.rest(({ stepId }) => (stepId === "review/0" ? { error: {} } : { output: stepId }))
    const before = world.begun.length
    world.ask({ type: "resume" })
    world.rest(() => ({ output: "again" }))
    expect(world.begun.slice(before).map(({ stepId }) => stepId)).toEqual(["review/0"])
    expect(world.run.steps.get("review")?.output).toEqual({ type: "value", value: ["again", "review/1"] })
    expect(world.run).toMatchObject({ status: "completed", illegal: 0 })
  })
})

describe("waits", () => {
  const waiting = (step: string) => defined(`{ name: w, steps: [{ id: w, kind: wait, ${step} }] }`)
  test("for a while, counted from when it began, also over a restart", () => {
    const world = worldOf(waiting("for: 10m"))
    expect(world.run.steps.get("w")).toMatchObject({ status: "waiting", waitingFor: { type: "time" } })
    world.now += 60_000
    world.claim()
    expect(world.plan.wakeAt).toBe(NOW + 600_000)
    world.wait()
    expect(world.run.status).toBe("completed")
  })
  test("until a time that an expression gives; one that is no time is refused", () => {
    expect(worldOf(waiting(`until: "2030-01-01T00:0{{ 1 + 1 }}:00Z"`)).plan.wakeAt).toBe(NOW + 120_000)
    expect(worldOf(waiting("until: tomorrow")).run.error?.message).toContain("which is no time")
  })
  test("a while is as long as it is whatever the wall shows, and a time that was named is one on the wall", () => {
    const HOUR_MS = 3_600_000
    const at = (definition: WorkflowDefinition, { now, wall }: { now: number; wall: number }) =>
      plan(worldOf(definition).run, { now, wall, random: () => 0.5, room: UNLIMITED, blobs: new Map() })
    const [named, long] = [waiting('until: "2030-01-01T00:02:00Z"'), waiting("for: 2m")]
    expect(at(named, { now: NOW, wall: NOW + 120_000 }).say).toMatchObject([{ type: "step_complete" }])
    expect(at(named, { now: NOW + HOUR_MS, wall: NOW }).wakeAt).toBe(NOW + HOUR_MS + 120_000)
    expect(at(long, { now: NOW, wall: NOW + HOUR_MS })).toMatchObject({ say: [], wakeAt: NOW + 120_000 })
    expect(at(long, { now: NOW + 120_000, wall: NOW - HOUR_MS }).say).toMatchObject([
      { type: "step_complete" },
    ])
  })
  test("for a signal, also one that came before; each is taken once, the first one first", () => {
    const world = worldOf(
      defined(`
name: s
steps:
  - { id: pause, kind: wait, for: 1s }
  - { id: one, kind: wait, signal: go, needs: [pause] }
  - { id: two, kind: wait, signal: go, needs: [one] }
`),
    )
    world.ask({ type: "signal", name: "go", payload: 1 })
    world.ask({ type: "signal", name: "other" })
    world.wait()
    expect(standing(world.run)).toEqual({ pause: "completed", one: "completed", two: "waiting" })
    world.ask({ type: "signal", name: "go", payload: { x: 2 } })
    expect(world.run).toMatchObject({
      status: "completed",
      output: { value: { x: 2 } },
      signals: [{ name: "other" }],
    })
  })
})

describe("approvals", () => {
  const ask = defined(`
name: ask
steps:
  - { id: ok, kind: approval, question: "Ship {{run.workflow}}?" }
  - { id: ship, kind: command, command: [ship], needs: [ok] }
`)
  const answer = { type: "approval_answer", stepId: "ok", generation: 0, attempt: 1 } as const
  test("a step asks and waits, over every restart, until somebody answers", () => {
    const world = worldOf(ask)
    world.claim()
    expect(world.run.steps.get("ok")?.waitingFor).toEqual({
      type: "approval",
      question: "Ship ask?",
      choices: ["approve", "reject"],
    })
    expect(world.ask({ ...answer, choice: "maybe" })).toMatchObject([{ error: { code: "choice_refused" } }])
    world.ask({ ...answer, choice: "approve", note: "Fine." })
    expect(world.run.steps.get("ok")?.output).toEqual({
      type: "value",
      value: { choice: "approve", note: "Fine." },
    })
    expect(world.open).toMatchObject([{ stepId: "ship" }])
    expect(world.ask({ ...answer, choice: "reject" })).toMatchObject([
      { error: { code: "approval_settled" } },
    ])
  })
  test("a refusal fails the step and is not tried again by itself; asked again it asks anew", () => {
    const world = worldOf(ask)
    world.ask({ ...answer, choice: "reject", note: "Not today." })
    expect(world.run).toMatchObject({ status: "failed", error: { code: "rejected" } })
    world.ask({ type: "retry_step", stepId: "ok" })
    expect(world.run.steps.get("ok")).toMatchObject({ status: "waiting", attempt: 2 })
    expect(world.ask({ ...answer, choice: "approve" })).toMatchObject([
      { error: { code: "approval_settled" } },
    ])
  })
})

test("a step that takes too long is ended, and tried again", () => {
  const world = worldOf(
    defined(
      `{ name: t, steps: [{ id: a, kind: command, command: [x], timeout: 5m, retry: { attempts: 2 } }] }`,
    ),
  )
  expect(world.plan.wakeAt).toBe(NOW + 300_000)
  world.wait()
  expect(world.run.steps.get("a")).toMatchObject({ status: "pending", error: { class: "timeout" } })
  world.wait()
  expect(world.open).toMatchObject([{ attempt: 2 }])
  world.wait()
  expect(world.run).toMatchObject({ status: "failed" })
})

describe("budgets", () => {
  const spend = defined(`
name: spend
budget: { costUsd: 1, time: 1h }
steps:
  - { id: a, kind: agent, agent: demo, prompt: p }
  - { id: b, kind: agent, agent: demo, prompt: p, needs: [a] }
`)
  test("when it is used up nothing new starts, and the run pauses until it has more", () => {
    const world = worldOf(spend)
    world.end("a", { usage: { costUsd: 1.5 } })
    expect(world.run).toMatchObject({
      status: "paused",
      budgetReached: { kind: "costUsd", used: 1.5, limit: 1 },
    })
    expect(world.ask({ type: "resume" })).toMatchObject([{ error: { code: "budget_reached" } }])
    world.ask({ type: "set_budget", budget: { costUsd: 2 } })
    world.ask({ type: "resume" })
    expect(world.open).toMatchObject([{ stepId: "b" }])
  })
  test("its time does not run while the run is paused", () => {
    const world = worldOf(spend)
    world.now += 600_000
    world.ask({ type: "pause", interrupt: true })
    world.now += 86_400_000
    world.ask({ type: "resume" })
    expect(world.plan.wakeAt).toBe(world.now + 3_000_000)
    world.wait()
    expect(world.run).toMatchObject({ leaving: "pausing", budgetReached: { kind: "time" } })
  })
})

test("a step goes on in the session of another", () => {
  const world = worldOf(
    defined(`
name: s
steps:
  - { id: plan, kind: agent, agent: demo, prompt: p }
  - { id: build, kind: agent, agent: demo, prompt: b, session: plan }
`),
  )
  const [{ stepId, generation, attempt } = { stepId: "", generation: 0, attempt: 0 }] = world.open
  world.say({ type: "step_attached", stepId, generation, attempt, sessionId: "ses_one" as never })
  world.end("plan")
  expect(world.open).toMatchObject([{ stepId: "build", session: "ses_one" }])
  const none = worldOf(
    defined(`
name: s
steps:
  - { id: plan, kind: agent, agent: demo, prompt: p, when: "false" }
  - { id: build, kind: agent, agent: demo, prompt: b, session: plan }
`),
  )
  expect(none.run).toMatchObject({ status: "failed", error: { code: "missing_session" } })
})

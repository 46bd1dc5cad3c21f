/** The run against a model of it that knows nothing of logs: whatever is done in whatever order, both stand alike. */
import fc from "fast-check"
import { expect, test } from "vitest"
import type { StepId } from "#streams/workflow/step-id"
import { type Outcome, standing, worldOf } from "../../support/workflow-world.ts"

interface Node {
  readonly id: StepId
  readonly needs: readonly StepId[]
  readonly lenient: boolean
}

type State = "pending" | "retrying" | "running" | "completed" | "failed" | "skipped"

/** Steps of one kind in a graph. What is written here is what is promised. */
class Model {
  readonly nodes: readonly Node[]
  readonly states = new Map<StepId, State>()
  readonly failures = new Map<StepId, number>()
  /** Of those that are retrying, the ones whose pause is over. */
  readonly due = new Set<StepId>()
  status: "running" | "pausing" | "paused" | "completed" | "failed" | "cancelled" = "running"

  constructor(nodes: readonly Node[]) {
    this.nodes = nodes
    for (const { id } of nodes) this.states.set(id, "pending")
    this.go()
  }

  with(state: State): readonly StepId[] {
    return [...this.states].filter(([, one]) => one === state).map(([id]) => id)
  }

  settled(id: StepId): boolean {
    const state = this.states.get(id)
    const lenient = this.nodes.find((node) => node.id === id)?.lenient
    return state === "completed" || state === "skipped" || (state === "failed" && lenient === true)
  }

  /** What follows by itself. */
  go(): void {
    if (this.status === "pausing" && this.with("running").length === 0) this.status = "paused"
    if (this.status !== "running") return
    for (const id of this.with("retrying")) if (this.due.delete(id)) this.states.set(id, "running")
    for (const { id, needs } of this.nodes)
      if (this.states.get(id) === "pending" && needs.every((need) => this.settled(need)))
        this.states.set(id, "running")
    if (this.with("running").length + this.with("retrying").length > 0) return
    this.status = this.nodes.every(({ id }) => this.settled(id)) ? "completed" : "failed"
  }

  after(id: StepId): readonly StepId[] {
    const found = new Set([id])
    for (const node of this.nodes) if (node.needs.some((need) => found.has(need))) found.add(node.id)
    return [...found]
  }

  fresh(id: StepId): void {
    this.states.set(id, "pending")
    this.failures.set(id, 0)
  }

  get over(): boolean {
    return this.status === "completed" || this.status === "cancelled"
  }

  end(id: StepId, how: "done" | "transient" | "final" | "lost"): void {
    const failures = (this.failures.get(id) ?? 0) + (how === "transient" ? 1 : 0)
    this.failures.set(id, failures)
    if (how === "done") this.states.set(id, "completed")
    else if (how === "lost") this.waits(id, true)
    else if (how === "transient" && failures < 3) this.waits(id, false)
    else this.states.set(id, "failed")
    this.go()
  }

  waits(id: StepId, isDue: boolean): void {
    this.states.set(id, "retrying")
    if (isDue) this.due.add(id)
    else this.due.delete(id)
  }

  time(): void {
    for (const id of this.with("retrying")) this.due.add(id)
    this.go()
  }

  pause(interrupt: boolean): void {
    if (this.status !== "running" && this.status !== "pausing") return
    this.status = "pausing"
    if (interrupt) for (const id of this.with("running")) this.states.set(id, "pending")
    this.go()
  }

  resume(): void {
    if (this.over) return
    for (const { id, lenient } of this.nodes) if (this.states.get(id) === "failed" && !lenient) this.fresh(id)
    this.status = "running"
    this.go()
  }

  retry(id: StepId): void {
    const state = this.states.get(id)
    const later = this.after(id).filter((one) => one !== id)
    if (this.over || (state !== "failed" && state !== "retrying")) return
    if (later.some((one) => this.states.get(one) === "running")) return
    for (const one of [id, ...later]) this.fresh(one)
    if (this.status === "failed") this.status = "running"
    this.go()
  }

  skip(id: StepId): void {
    const touched = this.after(id)
    if (this.over || touched.some((one) => this.states.get(one) === "running")) return
    for (const one of touched) this.fresh(one)
    this.states.set(id, "skipped")
    if (this.status === "failed") this.status = "running"
    this.go()
  }

  resumeFrom(id: StepId): void {
    const touched = this.after(id)
    if (this.over || touched.some((one) => this.states.get(one) === "running")) return
    for (const one of touched) this.fresh(one)
    this.status = "running"
    this.go()
  }

  cancel(): void {
    if (this.over) return
    for (const id of this.with("running")) this.states.set(id, "failed")
    this.status = "cancelled"
  }
}

const ENDS: Readonly<Record<"done" | "transient" | "final" | "lost", Outcome>> = {
  done: { output: "x" },
  transient: { error: { class: "transient" } },
  final: { error: { class: "forbidden" } },
  lost: { lost: true },
}

const graph: fc.Arbitrary<readonly Node[]> = fc
  .array(fc.record({ needs: fc.array(fc.nat(), { maxLength: 3 }), lenient: fc.boolean() }), {
    minLength: 1,
    maxLength: 7,
  })
  .map((drawn) =>
    drawn.map(({ needs, lenient }, index) => ({
      id: `s${index}`,
      needs: index === 0 ? [] : [...new Set(needs.map((need) => `s${need % index}`))],
      lenient,
    })),
  )

const act = fc.record({
  what: fc.oneof(
    { weight: 8, arbitrary: fc.constantFrom("done", "transient", "final", "lost") },
    { weight: 3, arbitrary: fc.constantFrom("time", "claim") },
    { weight: 3, arbitrary: fc.constantFrom("retry", "skip", "resumeFrom", "resume") },
    { weight: 1, arbitrary: fc.constantFrom("pause", "interrupt", "cancel") },
  ),
  pick: fc.nat(),
})

test("a run stands as its model stands, whatever is done to it", () => {
  let compared = 0
  fc.assert(
    fc.property(graph, fc.array(act, { minLength: 5, maxLength: 40, size: "max" }), (nodes, acts) => {
      const steps = nodes.map(({ id, needs, lenient }) => ({
        ...{ id, needs: [...needs], kind: "command" as const, command: ["x"] },
        ...(lenient && { onFailure: "continue" as const }),
      }))
      const world = worldOf({ name: "model", steps })
      const model = new Model(nodes)
      for (const { what, pick } of acts) {
        const open = world.open[pick % Math.max(world.open.length, 1)]?.stepId
        const id = nodes[pick % nodes.length]?.id ?? ""
        switch (what) {
          case "done":
          case "transient":
          case "final":
          case "lost":
            if (open === undefined) continue
            world.end(open, ENDS[what])
            model.end(open, what)
            break
          case "time":
            world.now += 3_600_000
            world.say()
            model.time()
            break
          case "claim":
            world.claim()
            break
          case "pause":
          case "interrupt":
            world.ask({ type: "pause", interrupt: what === "interrupt" })
            model.pause(what === "interrupt")
            break
          case "resume":
            world.ask({ type: "resume" })
            model.resume()
            break
          case "retry":
            world.ask({ type: "retry_step", stepId: id })
            model.retry(id)
            break
          case "skip":
            world.ask({ type: "skip_step", stepId: id })
            model.skip(id)
            break
          case "resumeFrom":
            world.ask({ type: "resume_from", stepId: id })
            model.resumeFrom(id)
            break
          case "cancel":
            world.ask({ type: "cancel" })
            model.cancel()
        }
        expect(seen(world.run)).toEqual({
          status: model.status,
          steps: Object.fromEntries(
            [...model.states].map(([step, state]) => [step, state === "retrying" ? "pending" : state]),
          ),
        })
        expect(world.run.illegal).toBe(0)
        expect(world.open.map(({ stepId }) => stepId).toSorted()).toEqual(model.with("running").toSorted())
        compared += 1
      }
    }),
    {
      numRuns: process.env.AGENTZ_TEST_LONG ? 5000 : 300,
      seed: Number(process.env.SEED ?? Math.floor(Math.random() * 2 ** 31)),
      reporter(run) {
        console.log(`workflow/model: SEED=${run.seed}, ${run.numRuns} runs, ${compared} states compared`)
        if (run.failed) throw new Error(fc.defaultReportMessage(run), { cause: run.errorInstance })
      },
    },
  )
})

const seen = (run: ReturnType<typeof worldOf>["run"]) => ({
  status: run.leaving === null ? run.status : run.leaving === "cancelling" ? "cancelled" : "pausing",
  steps: standing(run),
})

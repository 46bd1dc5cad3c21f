/**
 * Takes one run forward: whatever comes to be known is said in the log together with all that follows from it, and
 * only then is anything done. What is in the log and not done yet is done by whoever holds the run next.
 */
import type { StreamChange } from "#streams/changes"
import { type RunId, runIdOf, type SessionId, sessionIdOf } from "#streams/ids"
import { advance } from "#streams/workflow/advance"
import { answerTo } from "#streams/workflow/answer"
import type { RunCommand } from "#streams/workflow/command"
import type { Json } from "#streams/workflow/definition"
import type { RunEvent, UnstampedRunEvent } from "#streams/workflow/event"
import type { Plan, Start, Stop } from "#streams/workflow/plan"
import { resolveBody } from "#streams/workflow/resolve"
import { attemptKey, type Run, type StepState } from "#streams/workflow/run"
import { agentOf, bodyOf, isOutside } from "#streams/workflow/step-body"
import type { RunLog } from "../run-log.ts"
import { type AttemptName, type Attended, type Finding, isEnd } from "./attempt.ts"
import { eventsOf, type News } from "./finding-events.ts"
import type { Places } from "./places.ts"

export interface DriverDeps {
  /** Makes what is too large for the log durable beside it. */
  readonly keep: (events: readonly RunEvent[]) => Promise<readonly RunEvent[]>
  /** What a blob holds, as JSON has it. */
  readonly read: (blob: string) => Promise<Json>
  /** Attends to an open attempt, and begins it where it has not begun. */
  readonly attend: (run: Run, start: Start, report: (finding: Finding) => void) => Attended
  /** What was asked and not taken yet, in order. */
  readonly commands: () => Promise<readonly RunCommand[]>
  readonly places: Places
  /** Of a clock that does not jump. */
  readonly now: () => number
  /** Of the one on the wall. */
  readonly wall: () => number
  readonly random: () => number
  /** What is told of a run that has come to rest, together with what it rests by. */
  readonly tell: (run: Run, wakeAt: number | null) => readonly StreamChange[]
  /** The run as it is durable, and when it goes on by itself. `isTold`: with what {@link tell} gave for it. */
  readonly onProgress: (
    log: RunLog,
    progress: { readonly wakeAt: number | null; readonly isTold: boolean },
  ) => void
  readonly onError: (error: unknown) => void
}

export interface Driver {
  readonly run: Run
  /** Attempts that are attended to. */
  readonly open: number
  readonly wakeAt: number | null
  /** Something was asked, or a place is free. */
  wake(): void
  /** Resolves when the run is at rest and nothing of it is open, or was released; rejects when it cannot go on. */
  readonly done: Promise<void>
  /** Lets go of the run as it is: nothing that runs for it is ended. */
  release(): void
}

/** The clock of the wall may jump: it is looked at so often. */
const LONGEST_SLEEP_MS = 15_000

export function drive(log: RunLog, deps: DriverDeps): Driver {
  const attended = new Map<string, Attended>()
  const stopping = new Set<string>()
  /** Attempts that have a place, with the type of agent that they have it for. */
  const holding = new Map<string, string | null>()
  const agents = new Map<string, string | null>()
  const blobs = new Map<string, Json>()
  let news: News[] = []
  let released = false
  let wakeAt: number | null = null
  let isWoken = true
  let resume: () => void = () => undefined

  const wake = () => {
    isWoken = true
    resume()
  }
  const keyOf = (name: AttemptName) => attemptKey(log.run.runId, name)

  /** Whether the run has moved, so that it is worth looking again. */
  async function turn(): Promise<boolean> {
    const commands = await deps.commands()
    const heard = news
    news = []
    const chance = { now: deps.now(), random: deps.random }
    const wall = deps.wall()
    const events: RunEvent[] = []
    let run = log.run
    /** What is said, and all that follows from it. */
    const say = (said: readonly UnstampedRunEvent[]): Plan => {
      const advanced = advance(run, said, { ...chance, wall, room: deps.places.room(), blobs })
      events.push(...advanced.events)
      run = advanced.run
      return advanced.plan
    }
    for (const command of commands) say(answerTo(run, command))
    for (const one of heard) say(eventsOf(run, one, chance))
    const starts: Start[] = []
    let next = say([])
    while (next.start.length > 0) {
      for (const start of next.start)
        if (start.body.kind !== "workflow") hold(keyOf(start), agentOf(start.body))
      starts.push(...next.start)
      const { runId } = run
      next = say(await Promise.all(next.start.map((start) => begun(runId, start))))
    }
    const told = events.length > 0 && isAtRest(run) ? deps.tell(run, next.wakeAt) : []
    await log.append(await deps.keep(events), told)

    for (const start of starts) attend(start)
    const unattended = await takeOver()
    // Also what the worker before us was to end.
    for (const stop of next.stop) end(stop)
    settlePlaces()
    wakeAt = next.wakeAt
    deps.places.wait(wake, next.held.length > 0)
    deps.onProgress(log, { wakeAt, isTold: told.length > 0 })
    const missing = [...next.load, ...unattended].filter(({ blob }) => !blobs.has(blob))
    for (const { blob } of missing) blobs.set(blob, await deps.read(blob))
    return events.length > 0 || missing.length > 0
  }

  function attend(start: Start): void {
    const key = keyOf(start)
    if (attended.has(key) || released) return
    agents.set(key, agentOf(start.body))
    const { stepId, generation, attempt } = start
    const name = { stepId, generation, attempt }
    attended.set(
      key,
      deps.attend(log.run, start, (finding) => {
        if (released || stopping.has(key)) return
        if (isEnd(finding)) forget(key)
        news.push({ name, finding })
        wake()
      }),
    )
  }

  function forget(key: string): void {
    attended.get(key)?.[Symbol.dispose]()
    attended.delete(key)
    agents.delete(key)
  }

  function end({ why, stepId, generation, attempt }: Stop): void {
    const name = { stepId, generation, attempt }
    const key = keyOf(name)
    const one = attended.get(key)
    if (one === undefined || stopping.has(key)) return
    stopping.add(key)
    one
      .stop()
      .then(
        (held) => {
          forget(key)
          news.push({ name, stopped: why, held })
        },
        // What would not end is ended again at the next look.
        (error: unknown) => deps.onError(error),
      )
      .finally(() => {
        stopping.delete(key)
        wake()
      })
  }

  /** Attends to all that is open and was begun by another worker. Gives what must be read first. */
  async function takeOver(): Promise<Plan["load"]> {
    const { run } = log
    const load: Plan["load"][number][] = []
    for (const step of run.steps.values()) {
      const isOpen = step.status === "running" || step.status === "waiting"
      if (!isOpen || attended.has(keyOf(step)) || !isOutside(run, step.stepId)) continue
      const body = resolveBody(run, step.stepId, blobs)
      if (body.type === "load") load.push(...body.blobs)
      else if (body.type === "wrong")
        news.push({ name: step, finding: { type: "failed", error: body.error } })
      else if (body.value.kind === "agent" || body.value.kind === "command" || body.value.kind === "workflow")
        attend({ ...nameOf(step), body: body.value, session: await sessionGoneOnIn(run, step) })
    }
    return load
  }

  function hold(key: string, agent: string | null): void {
    if (holding.has(key)) return
    holding.set(key, agent)
    deps.places.take(agent)
  }

  function giveBack(key: string, agent: string | null): void {
    holding.delete(key)
    deps.places.give(agent)
  }

  /** A step has a place while it is at work; one that waits has none, and neither has a run within a run. */
  function settlePlaces(): void {
    const { run } = log
    const atWork = new Set<string>()
    for (const step of run.steps.values()) {
      if (step.status !== "running") continue
      const kind = bodyOf(run, step.stepId)?.kind
      if (kind === "agent" || kind === "command") atWork.add(keyOf(step))
    }
    for (const [key, agent] of agents) if (atWork.has(key)) hold(key, agent)
    for (const [key, agent] of [...holding]) if (!atWork.has(key)) giveBack(key, agent)
  }

  async function driveOn(): Promise<void> {
    try {
      while (!released) {
        isWoken = false
        const moved = await turn()
        if (isAtRest(log.run) && attended.size === 0 && news.length === 0 && !isWoken) return
        if (!moved && !isWoken) await sleep()
      }
    } finally {
      release()
    }
  }

  function sleep(): Promise<void> {
    const forMs = wakeAt === null ? LONGEST_SLEEP_MS : Math.max(0, wakeAt - deps.now())
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, Math.min(forMs, LONGEST_SLEEP_MS))
      resume = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }

  function release(): void {
    if (released) return
    released = true
    for (const key of [...attended.keys()]) forget(key)
    for (const [key, agent] of [...holding]) giveBack(key, agent)
    deps.places.wait(wake, false)
    wake()
  }

  return {
    get run() {
      return log.run
    },
    get open() {
      return attended.size
    },
    get wakeAt() {
      return wakeAt
    },
    wake,
    done: driveOn(),
    release,
  }
}

const nameOf = ({ stepId, generation, attempt }: StepState): AttemptName => ({ stepId, generation, attempt })

const isAtRest = ({ status }: Run): boolean => status !== "running" && status !== "pending"

async function begun(runId: RunId, { body, session, ...name }: Start): Promise<UnstampedRunEvent> {
  const key = attemptKey(runId, name)
  return body.kind === "workflow"
    ? { type: "step_start", ...name, childRunId: await runIdOf(key) }
    : { type: "step_start", ...name, sessionId: session ?? (await sessionIdOf(key)) }
}

/** The session of an earlier step that the attempt goes on in. */
async function sessionGoneOnIn({ runId }: Run, step: StepState): Promise<SessionId | null> {
  const sessionId = step.attempts.at(-1)?.sessionId ?? null
  return sessionId === (await sessionIdOf(attemptKey(runId, step))) ? null : sessionId
}

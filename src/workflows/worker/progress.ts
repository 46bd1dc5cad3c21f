/**
 * Keeps the rows of runs true: at once when what a list shows has changed, else now and then. A row is the latest
 * fold, so only the newest one is ever worth sending, and those of many runs go together.
 */
import type { RunId } from "#streams/ids"
import { wait } from "#streams/transport"
import { type ProgressRow, progressRowChange, type SnapshotRef } from "#streams/workflow/registry"
import type { Run } from "#streams/workflow/run"
import { placeOf } from "#streams/workflow/step-id"

export interface ProgressWriter {
  changed(row: ProgressRow): void
  /** It is in the list already: whoever made it durable told it. */
  told(row: ProgressRow): void
  /** Resolves when all that changed is in the list. */
  flushed(): Promise<void>
}

/** Rows are followed by the next ones after so long, all of them together; but for an end nobody is kept waiting. */
const PAUSE_MS = 25

export function progressWriter(
  append: (rows: ReturnType<typeof progressRowChange>[]) => Promise<unknown>,
  { onError }: { readonly onError: (error: unknown) => void },
): ProgressWriter {
  let waiting = new Map<RunId, ProgressRow>()
  let sending: Promise<void> | null = null
  let hurry = new AbortController()
  let isClosing = false
  const sent = new Map<RunId, string>()

  async function send(): Promise<void> {
    while (waiting.size > 0) {
      const rows = [...waiting.values()]
      waiting = new Map()
      if (!isClosing) hurry = new AbortController()
      // The run is safe in its log, and its next change brings the row along.
      await append(rows.map(progressRowChange)).catch(onError)
      await wait(PAUSE_MS, hurry.signal).catch(() => undefined)
    }
    sending = null
  }
  return {
    told(row) {
      sent.set(row.runId, shownOf(row))
      waiting.delete(row.runId)
    },
    changed(row) {
      const text = shownOf(row)
      if (sent.get(row.runId) === text) return
      sent.set(row.runId, text)
      waiting.set(row.runId, row)
      if (row.status !== "running") hurry.abort()
      sending ??= send()
    },
    async flushed() {
      isClosing = true
      hurry.abort()
      while (sending) await sending
      isClosing = false
    },
  }
}

/** What a list shows of it. */
function shownOf({ n: _, epoch: __, updatedAt: ___, ...shown }: ProgressRow): string {
  return JSON.stringify(shown)
}

/** The row that a run's fold amounts to. */
export function progressOf(
  run: Run,
  {
    inboxOffset,
    wakeAt,
    snapshot,
  }: {
    readonly inboxOffset: string
    readonly wakeAt: number | null
    readonly snapshot?: SnapshotRef | undefined
  },
): ProgressRow {
  const steps = [...run.steps.values()].filter(({ stepId }) => placeOf(stepId).index === null)
  const count = (...statuses: readonly string[]) =>
    steps.filter(({ status }) => statuses.includes(status)).length
  const asks = [...run.steps.values()].filter(
    ({ waitingFor }) =>
      waitingFor?.type === "approval" || waitingFor?.type === "signal" || waitingFor?.type === "session",
  )
  return {
    runId: run.runId,
    epoch: run.epoch,
    n: run.n,
    status: run.status,
    leaving: run.leaving,
    steps: {
      total: steps.length,
      ended: count("completed", "skipped"),
      running: count("running"),
      failed: count("failed"),
    },
    waiting: asks.length,
    waitingInSessions: asks.filter(({ waitingFor }) => waitingFor?.type === "session").length,
    wakeAt: wakeAt === null ? null : new Date(wakeAt).toISOString(),
    costUsd: run.usage.costUsd,
    tokens: run.usage.inputTokens + run.usage.outputTokens,
    error: run.error?.message ?? null,
    updatedAt: run.updatedAt ?? "",
    inboxOffset,
    ...(snapshot && { snapshot }),
  }
}

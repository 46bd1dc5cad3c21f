/**
 * Keeps the rows of runs true: at once when what a list shows has changed, else now and then. A row is the latest
 * fold, so only the newest one is ever worth sending, and those of many runs go together.
 */
import type { AppendTogether } from "#streams/append-together"
import type { RunId } from "#streams/ids"
import { wait } from "#streams/transport"
import { type ProgressRow, progressRowChange, type SnapshotRef } from "#streams/workflow/registry"
import type { Run } from "#streams/workflow/run"
import { placeOf } from "#streams/workflow/step-id"

export interface ProgressWriter {
  changed(row: ProgressRow): void
  /** Resolves when all that changed is in the list. */
  flushed(): Promise<void>
}

/** A row that has just been sent is followed by the next ones after so long, all of them together. */
const PAUSE_MS = 25

export function progressWriter(
  append: AppendTogether,
  { onError }: { readonly onError: (error: unknown) => void },
): ProgressWriter {
  let waiting = new Map<RunId, ProgressRow>()
  let sending: Promise<void> | null = null
  let hurry = new AbortController()
  const sent = new Map<RunId, string>()

  async function send(): Promise<void> {
    while (waiting.size > 0) {
      const rows = [...waiting.values()]
      waiting = new Map()
      // The run is safe in its log, and its next change brings the row along.
      await append(rows.map(progressRowChange)).catch(onError)
      await wait(PAUSE_MS, hurry.signal).catch(() => undefined)
    }
    sending = null
  }
  return {
    changed(row) {
      const { n: _, epoch: __, updatedAt: ___, ...shown } = row
      const text = JSON.stringify(shown)
      if (sent.get(row.runId) === text) return
      sent.set(row.runId, text)
      waiting.set(row.runId, row)
      sending ??= send()
    },
    async flushed() {
      hurry.abort()
      while (sending) await sending
      hurry = new AbortController()
    },
  }
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

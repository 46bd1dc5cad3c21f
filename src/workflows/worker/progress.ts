/**
 * Keeps the rows of runs true: at once when what a list shows has changed, else now and then. A row is the latest
 * fold, so only the newest one is ever worth sending, and those of many runs go together.
 */
import type { RunId } from "#streams/ids"
import { paths } from "#streams/paths"
import { appendTo } from "#streams/stream"
import type { FindEndpoint, Patience } from "#streams/transport"
import { type ProgressRow, progressRowChange } from "#streams/workflow/registry"
import type { Run } from "#streams/workflow/run"
import { placeOf } from "#streams/workflow/step-id"

export interface ProgressWriter {
  changed(row: ProgressRow): void
  /** Resolves when all that changed is in the list. */
  flushed(): Promise<void>
}

/** Rows of that many milliseconds are sent together. */
const GATHER_MS = 50

export function progressWriter(
  endpoint: FindEndpoint,
  { patience, onError }: { readonly patience: Patience; readonly onError: (error: unknown) => void },
): ProgressWriter {
  let waiting = new Map<RunId, ProgressRow>()
  let timer: ReturnType<typeof setTimeout> | null = null
  let sending: Promise<void> | null = null
  const sent = new Map<RunId, string>()

  async function send(): Promise<void> {
    while (waiting.size > 0) {
      const rows = [...waiting.values()]
      waiting = new Map()
      await appendTo(endpoint, paths.runs, rows.map(progressRowChange), patience)
    }
  }
  const start = () => {
    if (timer) clearTimeout(timer)
    timer = null
    sending ??= send()
      .catch(onError) // The run is safe in its log, and its next change brings the row along.
      .finally(() => {
        sending = null
        if (waiting.size > 0) timer ??= setTimeout(start, GATHER_MS)
      })
  }
  return {
    changed(row) {
      const { n: _, epoch: __, updatedAt: ___, ...shown } = row
      const text = JSON.stringify(shown)
      if (sent.get(row.runId) === text) return
      sent.set(row.runId, text)
      waiting.set(row.runId, row)
      timer ??= setTimeout(start, GATHER_MS)
    },
    async flushed() {
      start()
      while (sending) await sending
    },
  }
}

/** The row that a run's fold amounts to. */
export function progressOf(
  run: Run,
  { inboxOffset, wakeAt }: { readonly inboxOffset: string; readonly wakeAt: number | null },
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
  }
}

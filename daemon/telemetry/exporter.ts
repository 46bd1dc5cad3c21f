/**
 * Sends spans and measures to a collector. Loaded only where one is named. It never holds anything up: what a
 * collector does not take is dropped, and a process that ends waits for it two seconds at most.
 */
import { errorText } from "#streams/error-text"
import type { Point } from "./measures.ts"
import { metricsOf, type Span, tracesOf } from "./otlp.ts"
import type { OtlpSettings, Target } from "./otlp-settings.ts"

export interface Exporter extends AsyncDisposable {
  span(span: Span): void
}

export interface ExporterOptions {
  readonly version: string
  readonly points: () => Promise<readonly Point[]> | readonly Point[]
  /** Told once when the collector stops taking, and once when it takes again. */
  readonly onTrouble: (trouble: string | null) => void
}

/** More spans than this do not wait: the oldest are dropped. */
const MOST_SPANS = 2_048
const SPANS_WAIT_MS = 2_000
const LAST_WORDS_MS = 2_000

export function openExporter(
  settings: OtlpSettings,
  { version, points, onTrouble }: ExporterOptions,
): Exporter {
  const about = { resource: settings.resource, version }
  const since = Date.now()
  let waiting: Span[] = []
  let trouble = false

  const tell = (next: string | null) => {
    if ((next !== null) === trouble) return
    trouble = next !== null
    onTrouble(next)
  }
  const post = async (target: Target, body: object): Promise<void> => {
    try {
      const answer = await fetch(target.url, {
        method: "POST",
        headers: { "content-type": "application/json", ...target.headers },
        body: JSON.stringify(body),
        redirect: "error",
        signal: AbortSignal.timeout(settings.timeoutMs),
      })
      await answer.body?.cancel()
      tell(answer.ok ? null : `The collector answered ${answer.status}.`)
    } catch (error) {
      tell(`The collector does not answer: ${errorText(error)}.`)
    }
  }
  const sendSpans = async () => {
    const spans = waiting
    waiting = []
    if (settings.traces !== null && spans.length > 0) await post(settings.traces, tracesOf(spans, about))
  }
  const sendPoints = async () => {
    if (settings.metrics === null) return
    const now = await points()
    if (now.length > 0) await post(settings.metrics, metricsOf(now, about, { since, now: Date.now() }))
  }
  const timers = [
    setInterval(() => void sendSpans(), SPANS_WAIT_MS).unref(),
    setInterval(
      () => void sendPoints().catch((error: unknown) => tell(String(error))),
      settings.metricIntervalMs,
    ).unref(),
  ]
  return {
    span(span) {
      if (settings.traces === null) return
      waiting.push(span)
      if (waiting.length > MOST_SPANS) waiting.shift()
    },
    async [Symbol.asyncDispose]() {
      for (const timer of timers) clearInterval(timer)
      const sent = Promise.allSettled([sendSpans(), sendPoints()])
      await Promise.race([sent, new Promise((resolve) => setTimeout(resolve, LAST_WORDS_MS).unref())])
    },
  }
}

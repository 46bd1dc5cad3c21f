import type { Exporter, ExporterOptions } from "./exporter.ts"
import { otlpSettings } from "./otlp-settings.ts"

/** An exporter where the variables name a collector; nothing of it is loaded elsewhere. */
export async function exporterFor(
  variables: Readonly<Record<string, string | undefined>> | undefined,
  { signals, ...options }: ExporterOptions & { readonly signals: readonly ("traces" | "metrics")[] },
): Promise<Exporter | null> {
  const settings = variables === undefined ? null : otlpSettings(variables)
  if (settings === null) return null
  const { openExporter } = await import("#daemon/telemetry/exporter")
  return openExporter(
    {
      ...settings,
      traces: signals.includes("traces") ? settings.traces : null,
      metrics: signals.includes("metrics") ? settings.metrics : null,
    },
    options,
  )
}

/** The standard variables of OpenTelemetry, as far as they mean something here. Pure. */

export interface OtlpSettings {
  /** `null`: not exported. */
  readonly traces: Target | null
  readonly metrics: Target | null
  readonly resource: Readonly<Record<string, string>>
  readonly metricIntervalMs: number
  readonly timeoutMs: number
}

export interface Target {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
}

type Variables = Readonly<Record<string, string | undefined>>

/** The variables that decide; a daemon gets them in its private file, since headers hold keys. */
export const otelVariables = (variables: Variables): Readonly<Record<string, string>> | undefined => {
  const own = Object.entries(variables).flatMap(([name, value]) =>
    name.startsWith("OTEL_") && value !== undefined && value !== "" ? [[name, value] as const] : [],
  )
  return own.some(([name]) => /^OTEL_EXPORTER_OTLP_(TRACES_|METRICS_)?ENDPOINT$/.test(name))
    ? Object.fromEntries(own)
    : undefined
}

/** `null` unless an endpoint is named. What cannot be used is left out: telemetry stops no session. */
export function otlpSettings(variables: Variables): OtlpSettings | null {
  const own = otelVariables(variables)
  if (own === undefined || own.OTEL_SDK_DISABLED?.toLowerCase() === "true") return null
  const settings = {
    traces: targetOf(own, "TRACES", "v1/traces"),
    metrics: targetOf(own, "METRICS", "v1/metrics"),
    resource: {
      "service.name": "agentz",
      ...pairsOf(own.OTEL_RESOURCE_ATTRIBUTES),
      ...(own.OTEL_SERVICE_NAME !== undefined && { "service.name": own.OTEL_SERVICE_NAME }),
    },
    metricIntervalMs: milliseconds(own.OTEL_METRIC_EXPORT_INTERVAL, 60_000),
    timeoutMs: milliseconds(own.OTEL_EXPORTER_OTLP_TIMEOUT, 10_000),
  }
  return settings.traces === null && settings.metrics === null ? null : settings
}

function targetOf(own: Variables, signal: "TRACES" | "METRICS", path: string): Target | null {
  if (own[`OTEL_${signal}_EXPORTER`] === "none") return null
  const protocol =
    own[`OTEL_EXPORTER_OTLP_${signal}_PROTOCOL`] ?? own.OTEL_EXPORTER_OTLP_PROTOCOL ?? "http/json"
  if (protocol === "grpc") return null
  const base = own.OTEL_EXPORTER_OTLP_ENDPOINT
  const url = own[`OTEL_EXPORTER_OTLP_${signal}_ENDPOINT`] ?? (base && `${base.replace(/\/+$/, "")}/${path}`)
  if (url === undefined || !URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) return null
  const headers = {
    ...pairsOf(own.OTEL_EXPORTER_OTLP_HEADERS),
    ...pairsOf(own[`OTEL_EXPORTER_OTLP_${signal}_HEADERS`]),
  }
  return { url, headers }
}

/** `key=value,key=value`, as in W3C baggage. */
function pairsOf(text = ""): Record<string, string> {
  return Object.fromEntries(
    text.split(",").flatMap((pair) => {
      const [key = "", ...value] = pair.split("=")
      return key.trim() === "" || value.length === 0 ? [] : [[key.trim(), decoded(value.join("=").trim())]]
    }),
  )
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

function milliseconds(text: string | undefined, standard: number): number {
  const value = Number(text ?? standard)
  return Number.isFinite(value) && value >= 10 ? Math.min(value, 3_600_000) : standard
}

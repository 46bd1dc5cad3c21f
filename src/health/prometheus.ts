/** Points in the text format that Prometheus reads. */
import { BOUNDS, MEASURES, type MeasureName, type Point } from "#daemon/telemetry/measures"

export const PROMETHEUS_TYPE = "text/plain; version=0.0.4; charset=utf-8"

export function prometheusText(points: readonly Point[]): string {
  const lines: string[] = []
  for (const name of Object.keys(MEASURES) as MeasureName[]) {
    const own = points.filter((point) => point.name === name)
    if (own.length === 0) continue
    const { kind, help } = MEASURES[name]
    lines.push(`# HELP ${name} ${help}`, `# TYPE ${name} ${kind}`, ...own.flatMap(linesOf))
  }
  return `${lines.join("\n")}\n`
}

function linesOf(point: Point): string[] {
  const { name, labels } = point
  if ("value" in point) return [`${name}${braced(labels)} ${point.value}`]
  let sum = 0
  const buckets = point.counts.map((count, index) => {
    sum += count
    return `${name}_bucket${braced({ ...labels, le: String(BOUNDS[index] ?? "+Inf") })} ${sum}`
  })
  return [...buckets, `${name}_sum${braced(labels)} ${point.sum}`, `${name}_count${braced(labels)} ${sum}`]
}

function braced(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map(([key, value]) => `${key}="${escaped(value)}"`)
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`
}

const escaped = (value: string) =>
  value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n")

/** What the engine counts, in the text format Prometheus reads. */
export class Metrics {
  readonly #counters = new Map<string, number>()
  readonly #buckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 10]
  readonly #commits = new Array<number>(this.#buckets.length + 1).fill(0)
  #commitSeconds = 0

  count(name: string, by = 1): void {
    this.#counters.set(name, (this.#counters.get(name) ?? 0) + by)
  }

  commit(seconds: number): void {
    const slot = this.#buckets.findIndex((bound) => seconds <= bound)
    const index = slot === -1 ? this.#buckets.length : slot
    this.#commits[index] = (this.#commits[index] ?? 0) + 1
    this.#commitSeconds += seconds
  }

  /** `gauges` are read now; everything else counts since the start. */
  text(gauges: Readonly<Record<string, number>>): string {
    const lines: string[] = []
    for (const [name, value] of [...this.#counters].sort()) {
      lines.push(`# TYPE agentz_streams_${name}_total counter`, `agentz_streams_${name}_total ${value}`)
    }
    for (const [name, value] of Object.entries(gauges)) {
      lines.push(`# TYPE agentz_streams_${name} gauge`, `agentz_streams_${name} ${value}`)
    }
    const histogram = "agentz_streams_commit_seconds"
    lines.push(`# TYPE ${histogram} histogram`)
    let sum = 0
    for (const [index, count] of this.#commits.entries()) {
      sum += count
      lines.push(`${histogram}_bucket{le="${this.#buckets[index] ?? "+Inf"}"} ${sum}`)
    }
    lines.push(`${histogram}_sum ${this.#commitSeconds}`, `${histogram}_count ${sum}`)
    return `${lines.join("\n")}\n`
  }
}

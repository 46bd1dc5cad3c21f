import { BOUNDS, type NameOf, type Point } from "./measures.ts"

export type Labels = Readonly<Record<string, string>>

/** Counts what happens in one process. Labels come from short, closed lists: each combination is kept for good. */
export class Meter {
  readonly #points = new Map<string, Point>()

  /** `by` may be negative for a gauge. */
  count(name: NameOf<"counter" | "gauge">, labels: Labels = {}, by = 1): void {
    const point = this.#point({ name, labels, value: 0 })
    if ("value" in point) point.value += by
  }

  set(name: NameOf<"counter" | "gauge">, value: number, labels: Labels = {}): void {
    const point = this.#point({ name, labels, value })
    if ("value" in point) point.value = value
  }

  observe(name: NameOf<"histogram">, seconds: number, labels: Labels = {}): void {
    const point = this.#point({ name, labels, counts: new Array(BOUNDS.length + 1).fill(0), sum: 0 })
    if (!("counts" in point)) return
    const slot = BOUNDS.findIndex((bound) => seconds <= bound)
    const index = slot === -1 ? BOUNDS.length : slot
    point.counts[index] = (point.counts[index] ?? 0) + 1
    point.sum += seconds
  }

  /** As it stands now; the caller may keep it. */
  points(): Point[] {
    return [...this.#points.values()].map((point) => structuredClone(point))
  }

  #point(fresh: Point): Point {
    const key = keyOf(fresh)
    const known = this.#points.get(key)
    if (known) return known
    this.#points.set(key, fresh)
    return fresh
  }
}

const keyOf = ({ name, labels }: Pick<Point, "name" | "labels">) =>
  JSON.stringify([name, ...Object.entries(labels).sort()])

/** The points of several processes as if one had counted them all. */
export function summed(points: Iterable<Point>): Point[] {
  const sums = new Map<string, Point>()
  for (const point of points) {
    const sum = sums.get(keyOf(point))
    if (sum === undefined) sums.set(keyOf(point), structuredClone(point))
    else if ("value" in sum && "value" in point) sum.value += point.value
    else if ("counts" in sum && "counts" in point) {
      sum.counts = sum.counts.map((count, index) => count + (point.counts[index] ?? 0))
      sum.sum += point.sum
    }
  }
  return [...sums.values()]
}

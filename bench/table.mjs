/** A number as a person reads it. */
export const plain = (value) =>
  value >= 100 ? Math.round(value).toLocaleString("en-US") : Number(value.toFixed(2)).toString()

/** Columns of text: the first and the last to the left, figures to the right. */
export function textTable(head, lines) {
  const all = [head, ...lines]
  const widths = head.map((_, column) => Math.max(...all.map((line) => String(line[column]).length)))
  const last = head.length - 1
  const pad = (cell, column) =>
    column === 0 || (column === last && head.length > 2)
      ? String(cell).padEnd(widths[column])
      : String(cell).padStart(widths[column])
  return all.map((line) => line.map(pad).join("  ").trimEnd()).join("\n")
}

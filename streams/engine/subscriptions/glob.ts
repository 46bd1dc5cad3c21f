/** Whether a stream's name matches a pattern: `*` is one segment, `**` any number of them, `%2A` a real star. */
export function globMatch(pattern: string, name: string): boolean {
  return matches(segments(pattern), segments(name))
}

const segments = (text: string): string[] => text.split("/").filter((segment) => segment !== "")

function matches(pattern: readonly string[], name: readonly string[]): boolean {
  const [first, ...rest] = pattern
  if (first === undefined) return name.length === 0
  if (first === "**") {
    if (rest[0] === "**") return matches(rest, name)
    return Array.from({ length: name.length + 1 }, (_, skip) => name.slice(skip)).some((tail) =>
      matches(rest, tail),
    )
  }
  const [segment, ...others] = name
  if (segment === undefined) return false
  return (first === "*" || first.replace(/%2a/gi, "*") === segment) && matches(rest, others)
}

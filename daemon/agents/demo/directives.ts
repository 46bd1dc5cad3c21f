/**
 * The language a prompt can be written in: `[[name key=value key="quoted value"]]`, `&` between parallel calls.
 * A bare value does not begin with a quote: were it free to, an unclosed one could be read in very many ways.
 */
const DIRECTIVE = /\[\[([a-z]+)((?:\s+[\w.-]+=(?:"(?:[^"\\]|\\.)*"|'[^']*'|[^\s\]"'][^\s\]]*))*)\s*\]\](&)?/gi
const ARGUMENT = /([\w.-]+)=("(?:[^"\\]|\\.)*"|'[^']*'|[^\s\]"'][^\s\]]*)/g

export interface Directive {
  readonly name: string
  readonly args: Readonly<Record<string, string>>
  /** Whether the next one belongs to the same step. */
  readonly joined: boolean
}

export const parseDirectives = (text: string): readonly Directive[] =>
  Array.from(text.matchAll(DIRECTIVE), ([, name = "", args = "", joined]) => ({
    name: name.toLowerCase(),
    args: Object.fromEntries(
      Array.from(args.matchAll(ARGUMENT), ([, key = "", value = ""]) => [key, unquote(value)]),
    ),
    joined: joined !== undefined,
  }))

function unquote(value: string): string {
  if (value.startsWith("'")) return value.slice(1, -1)
  if (!value.startsWith('"')) return value
  try {
    return String(JSON.parse(value))
  } catch {
    return value.slice(1, -1)
  }
}

/**
 * Reads a command line as the words of exactly one program call, or not at all. A shell's language is large; what
 * is read here is the part in which nobody can be wrong: plain words, blanks and quotes. Everything that could run
 * a second program, set a variable, redirect or expand makes the whole line unreadable.
 */

/** What a plain word is made of. No `$`, no backtick, no operator, no glob, no escape, no tilde. */
const PLAIN = /[A-Za-z0-9_@%+=:,./^-]/
/** Words that the shell itself takes for grammar where a command begins. */
const GRAMMAR =
  /^(if|then|else|elif|fi|do|done|case|esac|while|until|for|in|function|select|time|coproc|\{|\}|!|\[\[|\]\])$/

/** The words of a line that is one plain call; `null` where that is not certain. */
export function wordsOfCommand(line: string): readonly string[] | null {
  const words: string[] = []
  let word: string | null = null
  for (let at = 0; at < line.length; at++) {
    const char = line.charAt(at)
    if (char === " ") {
      if (word !== null) words.push(word)
      word = null
    } else if (char === "'" || char === '"') {
      const end = line.indexOf(char, at + 1)
      if (end < 0) return null
      const quoted = line.slice(at + 1, end)
      if (!isHarmless(quoted, char)) return null
      word = (word ?? "") + quoted
      at = end
    } else if (PLAIN.test(char)) word = (word ?? "") + char
    else return null
  }
  if (word !== null) words.push(word)
  const [program] = words
  // `A=b program` sets a variable first; an alias of a plain word is the user's own.
  if (program === undefined || program === "" || program.includes("=") || GRAMMAR.test(program)) return null
  return words
}

/** Between quotes a shell still reads `$`, backticks and escapes if they are double; control characters lie to readers. */
function isHarmless(quoted: string, quote: string): boolean {
  for (const char of quoted) {
    const code = char.codePointAt(0) ?? 0
    if (code < 0x20 || (code >= 0x7f && code <= 0x9f)) return false
    if (quote === '"' && (char === "$" || char === "`" || char === "\\" || char === "!")) return false
  }
  return true
}

/** The words as one would type them. */
export const commandOfWords = (words: readonly string[]): string =>
  words
    .map((word) => (word !== "" && [...word].every((char) => PLAIN.test(char)) ? word : quoted(word)))
    .join(" ")

const quoted = (word: string): string => (word.includes("'") ? JSON.stringify(word) : `'${word}'`)

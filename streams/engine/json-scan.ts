/**
 * Whether a text is one valid JSON value, told without making the value: most of what is appended is small, and
 * `JSON.parse` costs several times as much. `false` decides nothing: the value may hold characters outside ASCII,
 * or lie deeper than is looked at here.
 */
export function isPlainJson(text: Uint8Array): boolean {
  const end = valueEnd(text, spaceEnd(text, 0), MOST_LEVELS)
  return end !== NONE && spaceEnd(text, end) === text.length
}

/** Each function below returns the position behind what it is named for, or this. */
const NONE = -1
const MOST_LEVELS = 100

const [QUOTE, BACKSLASH, COMMA, COLON] = [0x22, 0x5c, 0x2c, 0x3a]
const [OPEN_ARRAY, CLOSE_ARRAY, OPEN_OBJECT, CLOSE_OBJECT] = [0x5b, 0x5d, 0x7b, 0x7d]
const [MINUS, PLUS, POINT, ZERO, NINE] = [0x2d, 0x2b, 0x2e, 0x30, 0x39]
const [SPACE, TAB, LINE_FEED, RETURN, LAST_ASCII] = [0x20, 0x09, 0x0a, 0x0d, 0x7f]
const TRUE = Buffer.from("true")
const FALSE = Buffer.from("false")
const NULL = Buffer.from("null")

/** What stands at a position; nothing that JSON knows, behind the end. */
const at = (text: Uint8Array, index: number): number => (index < text.length ? (text[index] ?? 0) : 0)

function spaceEnd(text: Uint8Array, from: number): number {
  let end = from
  while (end < text.length) {
    const byte = text[end]
    if (byte !== SPACE && byte !== LINE_FEED && byte !== RETURN && byte !== TAB) break
    end++
  }
  return end
}

function valueEnd(text: Uint8Array, from: number, levels: number): number {
  if (levels === 0) return NONE
  switch (at(text, from)) {
    case QUOTE:
      return stringEnd(text, from + 1)
    case OPEN_OBJECT:
      return objectEnd(text, from + 1, levels - 1)
    case OPEN_ARRAY:
      return arrayEnd(text, from + 1, levels - 1)
    case 0x74:
      return wordEnd(text, from, TRUE)
    case 0x66:
      return wordEnd(text, from, FALSE)
    case 0x6e:
      return wordEnd(text, from, NULL)
    default:
      return numberEnd(text, from)
  }
}

function objectEnd(text: Uint8Array, from: number, levels: number): number {
  let next = spaceEnd(text, from)
  if (at(text, next) === CLOSE_OBJECT) return next + 1
  while (true) {
    if (at(text, next) !== QUOTE) return NONE
    next = stringEnd(text, next + 1)
    if (next === NONE) return NONE
    next = spaceEnd(text, next)
    if (at(text, next) !== COLON) return NONE
    next = valueEnd(text, spaceEnd(text, next + 1), levels)
    if (next === NONE) return NONE
    next = spaceEnd(text, next)
    const byte = at(text, next)
    if (byte === CLOSE_OBJECT) return next + 1
    if (byte !== COMMA) return NONE
    next = spaceEnd(text, next + 1)
  }
}

function arrayEnd(text: Uint8Array, from: number, levels: number): number {
  let next = spaceEnd(text, from)
  if (at(text, next) === CLOSE_ARRAY) return next + 1
  while (true) {
    next = valueEnd(text, next, levels)
    if (next === NONE) return NONE
    next = spaceEnd(text, next)
    const byte = at(text, next)
    if (byte === CLOSE_ARRAY) return next + 1
    if (byte !== COMMA) return NONE
    next = spaceEnd(text, next + 1)
  }
}

/** From behind the first quote. */
function stringEnd(text: Uint8Array, from: number): number {
  let next = from
  while (next < text.length) {
    const byte = text[next] ?? 0
    next++
    if (byte === QUOTE) return next
    if (byte < SPACE || byte > LAST_ASCII) return NONE
    if (byte === BACKSLASH) {
      next = escapeEnd(text, next)
      if (next === NONE) return NONE
    }
  }
  return NONE
}

const ESCAPES = new Set(Buffer.from('"\\/bfnrt'))

/** From behind the backslash. */
function escapeEnd(text: Uint8Array, from: number): number {
  const byte = at(text, from)
  if (byte !== 0x75) return ESCAPES.has(byte) ? from + 1 : NONE
  for (let digit = 1; digit <= 4; digit++) if (!isHex(at(text, from + digit))) return NONE
  return from + 5
}

function numberEnd(text: Uint8Array, from: number): number {
  let next = at(text, from) === MINUS ? from + 1 : from
  next = at(text, next) === ZERO ? next + 1 : digitsEnd(text, next)
  if (next !== NONE && at(text, next) === POINT) next = digitsEnd(text, next + 1)
  if (next !== NONE && (at(text, next) | 0x20) === 0x65) {
    const sign = at(text, next + 1)
    next = digitsEnd(text, sign === PLUS || sign === MINUS ? next + 2 : next + 1)
  }
  return next
}

/** At least one. */
function digitsEnd(text: Uint8Array, from: number): number {
  let next = from
  while (isDigit(at(text, next))) next++
  return next === from ? NONE : next
}

function wordEnd(text: Uint8Array, from: number, word: Uint8Array): number {
  for (let letter = 0; letter < word.length; letter++)
    if (at(text, from + letter) !== word[letter]) return NONE
  return from + word.length
}

const isDigit = (byte: number) => byte >= ZERO && byte <= NINE
const isHex = (byte: number) => isDigit(byte) || ((byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x66)

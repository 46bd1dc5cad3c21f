import { expect, test } from "vitest"
import { meaningOf, nameOfKey, readableKeys } from "../../routes/-app/keys.ts"

const press = (key: string, held: Partial<Parameters<typeof nameOfKey>[0]> = {}) =>
  nameOfKey({ key, ctrlKey: false, metaKey: false, altKey: false, shiftKey: false, ...held })

test("a key is named as it is typed, and Ctrl and Cmd are one", () => {
  expect(press("k")).toBe("k")
  expect(press("K", { shiftKey: true })).toBe("K")
  expect(press("k", { ctrlKey: true })).toBe("Mod+k")
  expect(press("k", { metaKey: true })).toBe("Mod+k")
  expect(press("Enter", { ctrlKey: true, shiftKey: true })).toBe("Mod+Shift+Enter")
  expect(press(" ")).toBe("Space")
})

test("a modifier alone and whatever is pressed with Alt are nobody's", () => {
  expect(press("Shift", { shiftKey: true })).toBeNull()
  expect(press("å", { altKey: true })).toBeNull()
})

const commands = [
  { id: "sessions", keys: "g s" },
  { id: "palette", keys: "Mod+k", whileTyping: true },
  { id: "far", keys: "," },
  { id: "near", keys: "," },
]
const free = { held: null, typing: false, singleKeys: true }
const run = (id: string) => ({ type: "run", command: expect.objectContaining({ id }) })

test("the first of two keys waits for the second, and a wrong second one means itself", () => {
  expect(meaningOf(commands, "g", free)).toEqual({ type: "hold", held: "g" })
  expect(meaningOf(commands, "s", { ...free, held: "g" })).toEqual(run("sessions"))
  expect(meaningOf(commands, ",", { ...free, held: "g" })).toEqual(run("near"))
  expect(meaningOf(commands, "s", free)).toEqual({ type: "nothing" })
})

test("of two commands with one key the nearer one has it", () => {
  expect(meaningOf(commands, ",", free)).toEqual(run("near"))
})

test("who types gets only what is meant for typing", () => {
  expect(meaningOf(commands, ",", { ...free, typing: true })).toEqual({ type: "nothing" })
  expect(meaningOf(commands, "Mod+k", { ...free, typing: true })).toEqual(run("palette"))
})

test("a letter that was chosen for what acts while one types is typed all the same", () => {
  const chosen = [{ id: "palette", keys: "p", whileTyping: true }]
  expect(meaningOf(chosen, "p", free)).toEqual(run("palette"))
  expect(meaningOf(chosen, "p", { ...free, typing: true })).toEqual({ type: "nothing" })
})

test("single keys can be switched off, and those with Ctrl stay", () => {
  expect(meaningOf(commands, "g", { ...free, singleKeys: false })).toEqual({ type: "nothing" })
  expect(meaningOf(commands, "Mod+k", { ...free, singleKeys: false })).toEqual(run("palette"))
})

test("keys are written as they stand on the keyboard", () => {
  expect(readableKeys("Mod+k", false)).toBe("Ctrl K")
  expect(readableKeys("Mod+Shift+Enter", true)).toBe("⌘ Shift Enter")
  expect(readableKeys("g s", false)).toBe("G then S")
  expect(readableKeys("G", false)).toBe("Shift G")
})

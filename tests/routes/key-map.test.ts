import { expect, test } from "vitest"
import {
  COMMAND_IDS,
  conflictsOf,
  KEY_MAP,
  keysOf,
  parseChosenKeys,
  whyNotKey,
} from "../../routes/-app/key-map.ts"
import { shortcutsOf } from "../../routes/-app/keys.ts"
import { parseSettings } from "../../routes/-app/settings.ts"

test("a command has the key that was chosen, or none, or that which it had at first", () => {
  expect(keysOf("new", {})).toBe("c")
  expect(keysOf("new", { new: "x" })).toBe("x")
  expect(keysOf("new", { new: "" })).toBeUndefined()
  expect(keysOf("archive", {})).toBeUndefined()
})

test("nothing conflicts as long as nothing was chosen", () => {
  expect(COMMAND_IDS.flatMap((id) => conflictsOf(id, {}))).toEqual([])
})

test("who wants a key that is taken where both count is told whose it is, and so is the other one", () => {
  expect(conflictsOf("rename", { rename: "c" })).toEqual(["new"])
  expect(conflictsOf("new", { rename: "c" })).toEqual(["rename"])
  // A first key of two would never let the second one come.
  expect(conflictsOf("theme", { theme: "g" })).toContain("sessions")
  expect(conflictsOf("theme", { theme: "g x" })).toEqual([])
  // A run and a session are never there at the same time.
  expect(conflictsOf("rename", { rename: "v" })).toEqual([])
})

test("no first key is one that a browser or the focus needs", () => {
  for (const id of COMMAND_IDS) expect(whyNotKey(KEY_MAP[id].keys ?? ""), id).toBeNull()
  expect(whyNotKey("Mod+w")).toContain("browser")
  expect(whyNotKey("Tab")).toContain("focus")
})

test("what was stored is read command by command, and what is no command is forgotten", () => {
  expect(parseChosenKeys({ new: "x", nobody: "y", archive: 3 })).toEqual({ new: "x" })
  expect(parseChosenKeys(null)).toEqual({})
  expect(parseSettings('{"keys":{"new":"x"}}').keys).toEqual({ new: "x" })
  expect(parseSettings("no json").keys).toEqual({})
})

test("a screen reader is told of a key by its own name", () => {
  expect(shortcutsOf("Y")).toBe("Shift+Y")
  expect(shortcutsOf("Mod+Enter")).toBe("Control+Enter")
  expect(shortcutsOf("g s")).toBeUndefined()
})

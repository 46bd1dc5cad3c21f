import { expect, test } from "vitest"
import { bounded, NARROWEST, parseShare, WIDEST } from "../../routes/-app/panel-width.ts"

test("a panel is never so narrow or wide that the other side cannot be used", () => {
  expect(bounded(3)).toBe(NARROWEST)
  expect(bounded(99)).toBe(WIDEST)
  expect(bounded(41.26)).toBe(41.3)
})

test("a width that cannot be read is as if none was kept", () => {
  expect(parseShare("42")).toBe(42)
  expect(parseShare("400")).toBe(WIDEST)
  for (const stored of [null, "", "wide", "NaN"]) expect(parseShare(stored)).toBeNull()
})

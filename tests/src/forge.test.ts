/** Which repository of a forge a remote is, and what its program is told. */
import { expect, test } from "vitest"
import { addressOf } from "#daemon/git/address"
import { byHandAt, forgeOf, slugOf } from "#src/workspaces/forge"
import { wordsFor } from "#src/workspaces/pull-request"

const forgeAt = (text: string) => {
  const address = addressOf(text, "/")
  return "why" in address ? null : forgeOf(address)
}

test.each([
  ["https://github.com/a/b.git", "github.com/a/b"],
  ["https://me:secret@github.com/a/b", "github.com/a/b"],
  ["git@github.com:a/b.git", "github.com/a/b"],
  ["ssh://git@example.com:2222/a-b/c.d.git/", "example.com/a-b/c.d"],
])("%s is a repository of a forge", (text, slug) => {
  const forge = forgeAt(text)
  expect(forge && slugOf(forge)).toBe(slug)
})

test.each([
  "/srv/a/b.git",
  "https://github.com/a",
  "https://github.com/-a/b",
  "git@github.com:a/b/c.git",
  "x:--repo/b",
])("%s is none", (text) => {
  expect(forgeAt(text)).toBeNull()
})

test("what somebody wrote is never a word of its own", () => {
  const forge = { host: "github.com", owner: "a", name: "b" }
  const words = wordsFor(forge, { head: "-x", base: "--web", title: "--fill", body: "--y", draft: false })
  expect(words.slice(2).every((word) => /^--(repo|head|base|title|body-file)=/.test(word))).toBe(true)
  expect(byHandAt(forge, "agentz/a b#c")).toBe("https://github.com/a/b/compare/agentz/a%20b%23c?expand=1")
})

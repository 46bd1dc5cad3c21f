/** What a repository may call a remote, and what of it is shown. */
import fc from "fast-check"
import { expect, test } from "vitest"
import { addressOf, isRemoteName } from "#daemon/git/address"

const BASE = "/work/project"

test.each([
  ["https://example.com/a/b.git", "https", "https://example.com/a/b.git"],
  ["https://me:secret@example.com:8443/a.git", "https", "https://example.com:8443/a.git"],
  ["https://token@example.com/a.git?key=secret#x", "https", "https://example.com/a.git"],
  ["ssh://git@example.com:2222/a.git", "ssh", "ssh://git@example.com:2222/a.git"],
  ["ssh://git:secret@example.com/a.git", "ssh", "ssh://git@example.com/a.git"],
  ["git@example.com:a/b.git", "ssh", "git@example.com:a/b.git"],
  ["example.com:a/b.git", "ssh", "example.com:a/b.git"],
  ["git://example.com/a.git", "git", "git://example.com/a.git"],
  ["/srv/git/a.git", "file", "/srv/git/a.git"],
  ["../a.git", "file", "/work/a.git"],
  ["a dir/x:y.git", "file", "/work/project/a dir/x:y.git"],
  ["file:///srv/a.git", "file", "file:///srv/a.git"],
])("%s is an address", (given, protocol, shown) => {
  expect(addressOf(given, BASE)).toMatchObject({ protocol, shown })
})

test.each([
  "",
  "  ",
  "-oProxyCommand=touch x",
  "--upload-pack=touch x",
  "ext::sh -c touch% x",
  "EXT::sh -c x",
  "fd::17",
  "https::x",
  "ssh://-oProxyCommand=touch/x",
  "ssh://-x@example.com/a",
  "ssh://%2dx@example.com/a",
  "-x@example.com:a",
  "user@-oProxyCommand=x:a",
  "http://example.com/a.git",
  "ftp://example.com/a.git",
  "file://host/a.git",
  "https:///a.git",
  "https://example.com\\@other.com/a.git",
  "https://exa mple.com/a",
  "git@example.com:a\nb",
  "a;b:c",
  "$(touch x):y",
])("%j is refused", (given) => {
  expect(addressOf(given, BASE)).toHaveProperty("why")
})

test("what is taken is never an option, a program, or more than one line", () => {
  fc.assert(
    fc.property(fc.string(), (given) => {
      const read = addressOf(given, BASE)
      if ("why" in read) return
      expect(read.url).not.toMatch(/^-|\p{Cc}|^[\w+.-]*::/u)
    }),
  )
})

test("a remote has a plain name", () => {
  for (const name of ["origin", "up-stream", "a/b", "my.remote"]) expect(isRemoteName(name), name).toBe(true)
  for (const name of ["", "-x", "a..b", "a b", "x]", 'a"', "a/", "a.lock", "x\ny", "ä"])
    expect(isRemoteName(name), name).toBe(false)
})

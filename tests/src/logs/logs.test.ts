import { appendFileSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"
import { filesOf } from "#daemon/home"
import { capLog } from "#daemon/log-cap"
import { inert } from "#src/cli/terminal"
import { LogFile } from "#src/logs/log-file"
import { bench, memoryIo } from "../../support/memory-io.ts"
import { tempDir } from "../../support/temp-dir.ts"

const at = (second: number) => `2026-01-01T00:00:${String(second).padStart(2, "0")}.000Z`
const line = (second: number, event: string, more: object = {}) =>
  `${JSON.stringify({ at: at(second), event, ...more })}\n`

async function installation() {
  const home = await tempDir()
  const session = filesOf(home.path, "ses_abc")
  mkdirSync(session.dir, { recursive: true })
  return {
    ...bench(home.path),
    home: home.path,
    session,
    [Symbol.asyncDispose]: () => home[Symbol.asyncDispose](),
  }
}

test("logs shows the API's and the stream server's lines in the order of time", async () => {
  await using place = await installation()
  writeFileSync(join(place.home, "api.log"), line(1, "one") + line(3, "three", { pid: 7 }))
  writeFileSync(join(place.home, "streams.log"), `${line(2, "two")}a native trace\n${line(4, "four")}`)
  const { out } = await place.cli(["logs"])
  expect(out.split("\n")).toEqual([
    "00:00:01 api     one",
    "00:00:02 streams two",
    "         streams a native trace",
    "00:00:03 api     three pid=7",
    "00:00:04 streams four",
    "",
  ])
  const { out: json } = await place.cli(["logs", "--json", "--lines", "3"])
  expect(
    json
      .trim()
      .split("\n")
      .map((text) => JSON.parse(text)),
  ).toEqual([
    { source: "streams", at: null, text: "a native trace" },
    { source: "api", at: at(3), event: "three", pid: 7 },
    { source: "streams", at: at(4), event: "four" },
  ])
})

test("logs of a session are its daemon's and its agent's, and what they say steers no terminal", async () => {
  await using place = await installation()
  writeFileSync(place.session.log, line(1, "storage_behind", { message: "away\x1b]0;owned\x07\nnext" }))
  writeFileSync(place.session.agentLog, "\x1b[2Jwarning\x9b31m \u202egnp.exe\r\n")
  const { out, code } = await place.cli(["logs", "abc"])
  expect(code).toBe(0)
  expect(out).toBe(
    "         agent   warning <U+202E>gnp.exe\n00:00:01 daemon  storage_behind message=away next\n",
  )
  expect((await place.cli(["logs", "nobody", "--json"])).err).toContain('"unknown_session"')
  mkdirSync(filesOf(place.home, "ses_abd").dir, { recursive: true })
  expect((await place.cli(["logs", "ab"])).err).toContain("may mean ses_abc, ses_abd")
  expect((await place.cli(["logs", "../..", "--json"])).err).toContain('"unknown_session"')
  expect((await place.cli(["logs", "--lines", "x"])).code).toBe(64)
})

test("logs --follow goes on with what is added, also after the log was cut", async () => {
  await using place = await installation()
  const api = join(place.home, "api.log")
  writeFileSync(api, line(1, "old"))
  const io = memoryIo()
  const done = place.cli(["logs", "--follow"], io)
  await io.saw("old")
  appendFileSync(api, line(2, "added"))
  await io.saw("added")
  appendFileSync(api, '{"at":"2026-01-01T00:00:03.000Z","ev')
  appendFileSync(api, 'ent":"in_pieces"}\n')
  await io.saw("in_pieces")
  writeFileSync(api, line(4, "anew"))
  await io.saw("anew")
  writeFileSync(join(place.home, "streams.log"), line(5, "late"))
  await io.saw("late")
  io.raise("SIGINT")
  expect((await done).code).toBe(0)
  expect(io.out().match(/old|added|in_pieces|anew|late/g)).toEqual([
    "old",
    "added",
    "in_pieces",
    "anew",
    "late",
  ])
})

test("a log that is too large is kept once beside and begun anew, and its writer goes on", async () => {
  await using dir = await tempDir()
  const path = join(dir.path, "x.log")
  writeFileSync(path, "12345", { mode: 0o600 })
  capLog(path, 10)
  expect(readFileSync(path, "utf8")).toBe("12345")
  appendFileSync(path, "678901")
  capLog(path, 10)
  expect(readFileSync(path, "utf8")).toBe("")
  expect(readFileSync(`${path}.1`, "utf8")).toBe("12345678901")
  expect(statSync(`${path}.1`).mode & 0o777).toBe(0o600)
  capLog(join(dir.path, "none.log"))
})

test("a line without an end is given out in pieces, and a log that grew long is read from near its end", async () => {
  await using dir = await tempDir()
  const path = join(dir.path, "x.log")
  writeFileSync(path, `${"a".repeat(100)}\n`.repeat(20_000))
  const log = new LogFile(path)
  expect(log.last(3)).toEqual(["a".repeat(100), "a".repeat(100), "a".repeat(100)])
  appendFileSync(path, "b".repeat(70_000))
  expect(log.more()).toEqual(["b".repeat(70_000)])
  expect(log.more()).toEqual([])
})

test("whatever is printed, only our own colours steer the terminal, and JSON stays the same text", () => {
  const nasty = "a\x1b[31mb\x1b[0m\x1b]0;t\x07\x1b[2J\x9b2J\u202e\u2066\x7f\x00\x08\n\tü🙂\u200d"
  expect(inert("\x1b[31mred\x1b[0m \x1b[1mbold\x1b[0m\n")).toBe("\x1b[31mred\x1b[0m \x1b[1mbold\x1b[0m\n")
  expect(inert(nasty)).toBe("a\x1b[31mb\x1b[0m]0;t[2J\\u009b2J\\u202e\\u2066\\u007f\n\tü🙂\u200d")
  const printed = inert(`${JSON.stringify({ nasty })}\n`)
  expect(JSON.parse(printed)).toEqual({ nasty })
  expect(printed).toMatch(/^[\x20-\x7e\n\u00a0-\u1fff🙂\u200d]+$/u)
})

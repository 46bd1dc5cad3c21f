import { chmod, chown, mkdir, readFile, stat, symlink, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { expect, test } from "vitest"
import { type Config, parseConfig } from "#src/config"
import { openHome } from "#src/home"
import { createPrivate, readPrivate, writePrivate } from "#src/private-file"
import { keptSecret, openToken, sameSecret } from "#src/token"
import { tempDir } from "../support/temp-dir.ts"

const modeOf = async (path: string) => ((await stat(path)).mode & 0o777).toString(8)

/** Runs with the most careless umask there is. */
function carelessly(): Disposable {
  const before = process.umask(0)
  return { [Symbol.dispose]: () => void process.umask(before) }
}

test("under umask 000 the home is 0700 and its files 0600", async () => {
  await using dir = await tempDir()
  using _ = carelessly()
  const home = await openHome(join(dir.path, "deep", "home"))
  await openToken({ token: null } as Config, home)
  await writePrivate(home.apiRunFile, "{}")

  expect(await modeOf(home.path)).toBe("700")
  expect(await modeOf(home.runDir)).toBe("700")
  expect(await modeOf(home.tokenFile)).toBe("600")
  expect(await modeOf(home.apiRunFile)).toBe("600")
})

test("a home that others may enter is refused with the line that closes it, and is left as it was", async () => {
  await using dir = await tempDir()
  for (const mode of [0o755, 0o710, 0o701]) {
    await chmod(dir.path, mode)
    await expect(openHome(dir.path)).rejects.toThrow(`chmod 700 ${dir.path}`)
    expect(await modeOf(dir.path)).toBe(mode.toString(8))
  }
})

test("a home of another user is refused with the way out", async () => {
  await using dir = await tempDir()
  const me = process.getuid?.() ?? 0
  // Only root can give a directory away; anybody can ask as somebody else.
  if (me === 0) await chown(dir.path, 12_345, 12_345)
  const asked = me === 0 ? openHome(dir.path) : openHome(dir.path, me + 1)
  await expect(asked).rejects.toMatchObject({
    name: "ConfigError",
    reason: "unsafe_home",
    message: expect.stringMatching(/belongs to user \d+, not to you .*set AGENTZ_HOME/),
  })
})

test("a home that is a file is refused", async () => {
  await using dir = await tempDir()
  await writeFile(join(dir.path, "file"), "")
  await expect(openHome(join(dir.path, "file"))).rejects.toThrow("is not a directory: set AGENTZ_HOME")
  await expect(openHome(join(dir.path, "file", "below"))).rejects.toThrow(
    "is not a directory: set AGENTZ_HOME",
  )
})

test("a link inside the home is not followed", async () => {
  await using dir = await tempDir()
  const outside = join(dir.path, "outside")
  const home = join(dir.path, "home")
  await mkdir(outside, { mode: 0o700 })
  await mkdir(home, { mode: 0o700 })
  await writeFile(join(outside, "token"), "a-token-of-somebody-else", { mode: 0o600 })
  await symlink(join(outside, "token"), join(home, "token"))
  await expect(keptSecret(join(home, "token"))).rejects.toThrow("symbolic link")

  await symlink(outside, join(home, "run"))
  await expect(openHome(home)).rejects.toThrow("symbolic link")
})

test("a token that others may read is refused with the line that closes it", async () => {
  await using dir = await tempDir()
  const file = join(dir.path, "token")
  await writeFile(file, "a-token-that-was-seen-by-others", { mode: 0o600 })
  await chmod(file, 0o640)
  await expect(keptSecret(file)).rejects.toThrow(`chmod 600 ${file}`)
})

test("the token is 256 random bits, made once, and all who race for it agree", async () => {
  await using dir = await tempDir()
  const file = join(dir.path, "token")
  const tokens = await Promise.all(Array.from({ length: 20 }, () => keptSecret(file)))

  expect(new Set(tokens).size).toBe(1)
  expect(tokens[0]).toMatch(/^[\w-]{43}$/)
  expect((await readFile(file, "utf8")).trim()).toBe(tokens[0])
  expect(await keptSecret(file)).toBe(tokens[0])
})

test("a file is created by exactly one, and never over an older one", async () => {
  await using dir = await tempDir()
  const file = join(dir.path, "one")
  const made = await Promise.all(Array.from({ length: 20 }, (_, index) => createPrivate(file, `${index}`)))
  expect(made.filter(Boolean)).toHaveLength(1)
  expect(await readPrivate(file)).toBe(String(made.indexOf(true)))
})

test("a token file that holds no token is refused, not used", async () => {
  await using dir = await tempDir()
  const file = join(dir.path, "token")
  await writeFile(file, "\n", { mode: 0o600 })
  await expect(keptSecret(file)).rejects.toThrow("no usable token: remove it")
})

test("secrets are compared as a whole", () => {
  expect(sameSecret("a", "a")).toBe(true)
  expect(sameSecret("a", "ab")).toBe(false)
  expect(sameSecret("", "a")).toBe(false)
})

test("without any variable the configuration is the documented one, and frozen", () => {
  const config = parseConfig({ HOME: "/ignored", AGENTZ_PORT: "" })
  expect(config).toMatchObject({
    home: expect.stringMatching(/\/\.agentz$/),
    host: "127.0.0.1",
    port: 4200,
    streamsPort: 4201,
    streamsUrl: null,
    token: null,
    mcpToken: null,
    children: 0,
    idleSeconds: 600,
  })
  expect(Object.isFrozen(config)).toBe(true)
})

test("a stream server's URL loses the slash at its end", () => {
  expect(parseConfig({ AGENTZ_STREAMS_URL: "http://127.0.0.1:1/v1/stream/" }).streamsUrl).toBe(
    "http://127.0.0.1:1/v1/stream",
  )
})

test.each([
  ["AGENTZ_PORT", "70000"],
  ["AGENTZ_PORT", "-1"],
  ["AGENTZ_PORT", "http"],
  ["AGENTZ_STREAMS_PORT", "1.5"],
  ["AGENTZ_HOME", "relative/path"],
  ["AGENTZ_HOST", "no host"],
  ["AGENTZ_STREAMS_URL", "ftp://x"],
  ["AGENTZ_STREAMS_URL", "http://user:pass@x/"],
  ["AGENTZ_IDLE_SECONDS", "soon"],
])("%s=%s is refused with the variable, the value and the remedy", (variable, value) => {
  expect(() => parseConfig({ [variable]: value })).toThrow(
    expect.objectContaining({
      name: "ConfigError",
      message: expect.stringMatching(
        new RegExp(`^${variable} is "${value.replaceAll(/[.?]/g, "\\$&")}".*: set it`),
      ),
    }),
  )
})

test("a secret that is refused is not repeated", () => {
  expect(() => parseConfig({ AGENTZ_TOKEN: "short-secret" })).toThrow(
    expect.objectContaining({ message: expect.not.stringContaining("short-secret") }),
  )
})

test("an address that other machines can reach needs two deliberate steps", () => {
  const open = { AGENTZ_HOST: "0.0.0.0" }
  const token = { AGENTZ_TOKEN: "a-token-that-is-long-enough" }
  expect(() => parseConfig(open)).toThrow(/other machines may reach.*ssh -L/)
  expect(() => parseConfig({ ...open, ...token })).toThrow(/AGENTZ_ALLOW_NETWORK/)
  expect(() => parseConfig({ ...open, AGENTZ_ALLOW_NETWORK: "1" })).toThrow(/AGENTZ_TOKEN/)
  expect(parseConfig({ ...open, ...token, AGENTZ_ALLOW_NETWORK: "1" }).host).toBe("0.0.0.0")
})

test("the public address is an origin and nothing more", () => {
  const publicUrl = (AGENTZ_PUBLIC_URL: string) => parseConfig({ AGENTZ_PUBLIC_URL }).publicUrl
  expect(publicUrl("https://agentz.example.com")).toBe("https://agentz.example.com")
  expect(publicUrl("HTTPS://Agentz.example.com:443/")).toBe("https://agentz.example.com")
  expect(publicUrl("")).toBeNull()
  for (const wrong of [
    "agentz.example.com",
    "https://a.b/path",
    "https://u:p@a.b",
    "ftp://a.b",
    "https://a.b/?x",
    "x",
  ])
    expect(() => publicUrl(wrong), wrong).toThrow(/AGENTZ_PUBLIC_URL is .* without a path/)
})

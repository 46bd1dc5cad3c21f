import { execFileSync, spawnSync } from "node:child_process"
import { mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"
import { launchdPlist, systemdUnit } from "#src/service-units"
import { tempDir } from "../support/temp-dir.ts"

const facts = {
  node: "/usr/bin/node",
  program: "/opt/my agentz/main.js",
  home: "/home/a & b/100%",
  path: "/usr/bin:/bin",
}

test("a unit for systemd ends only the API, and takes any path literally", () => {
  const unit = systemdUnit(facts)
  expect(unit).toContain("KillMode=process\nDelegate=yes")
  expect(unit).toContain('ExecStart="/usr/bin/node" "/opt/my agentz/main.js" up --no-open')
  expect(unit).toContain('Environment="AGENTZ_HOME=/home/a & b/100%%"')
})

const verifies = spawnSync("systemd-analyze", ["--version"]).status === 0
if (!verifies) console.log("left out: systemd-analyze is not here to verify the unit")

test.runIf(verifies)("systemd finds nothing wrong with the unit", async () => {
  await using dir = await tempDir()
  const file = join(dir.path, "agentz.service")
  mkdirSync(dir.path, { recursive: true })
  writeFileSync(file, systemdUnit({ ...facts, node: process.execPath }))
  expect(execFileSync("systemd-analyze", ["verify", "--man=no", file], { encoding: "utf8" })).toBe("")
})

test("a property list for launchd leaves sessions alone, and is well-formed with any path", () => {
  const plist = launchdPlist(facts)
  expect(plist).toContain("<key>AbandonProcessGroup</key><true/>")
  expect(plist).toContain("<string>/home/a &amp; b/100%</string>")
  expect(plist.match(/<string>/g)).toHaveLength(plist.match(/<\/string>/g)?.length ?? 0)
})

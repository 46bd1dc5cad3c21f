import { mkdir, symlink } from "node:fs/promises"
import { join } from "node:path"
import { expect, test } from "vitest"
import { checkedWorkingDir } from "#src/working-dir"
import { tempDir } from "../support/temp-dir.ts"

test("no agent works in agentz's own home, by whatever name it is called", async () => {
  await using dir = await tempDir()
  const home = join(dir.path, ".agentz")
  await mkdir(join(home, "sessions"), { recursive: true })
  await symlink(home, join(dir.path, "way"))

  for (const path of [home, join(home, "sessions"), join(dir.path, "way/sessions")])
    await expect(checkedWorkingDir(path, home), path).rejects.toMatchObject({
      reason: "working_dir_not_accessible",
      message: expect.stringContaining("agentz's own home"),
    })
  expect(await checkedWorkingDir(dir.path, home)).toBe(dir.path)
})

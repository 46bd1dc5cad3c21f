/** What work trees take is told in the settings, and those that hold nothing of their own are taken away there. */
import { expect, test, violations } from "../support/ui-test.ts"

const tree = (name: string, fields: { readonly removable: boolean; readonly [field: string]: unknown }) => ({
  ...{ sessionId: null, title: null, root: "/home/ada/code/demo", branch: name, status: "completed" },
  ...{ archived: false, updatedAt: null, uncommitted: 0, commits: 0, checkpoint: null },
  path: `/home/ada/.agentz-worktrees/demo/${name}`,
  ...fields,
})

for (const colorScheme of ["light", "dark"] as const)
  test(`work trees are listed with what they take and hold, in ${colorScheme}`, async ({ page, agentz }) => {
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" })
    const only = {
      work: "only_here",
      why: "2 files are in no commit: `agentz commit ses_x`, then merge or push",
    }
    agentz.plane.worktrees = [
      tree("merged", {
        ...{ sessionId: agentz.told.done, title: "Fix the flaky follower test", bytes: 2_500_000_000 },
        ...{ work: "merged", why: "main has all of it", removable: true },
      }),
      tree("only", { ...only, bytes: 48_000_000, removable: false }),
    ]
    await page.goto(`${agentz.url}/settings`)
    const section = page.getByRole("region", { name: "Work trees" })
    await section.getByRole("button", { name: "See what they take" }).click()
    const list = section.getByRole("list", { name: "Work trees" })
    await expect(list.getByRole("listitem")).toHaveCount(2)
    await expect(list.getByRole("link", { name: "Fix the flaky follower test" })).toBeVisible()
    await expect(list).toContainText("2 files are in no commit")
    expect(await violations(page)).toEqual([])
    await section.getByRole("button", { name: "Take away 1 work tree, 2.5 GB" }).click()
    await expect(section.getByRole("status")).toContainText("1 work tree taken away, 2.5 GB.")
    await expect(list.getByRole("listitem")).toHaveCount(1)
  })

/** What an agent noted on where it stands: in the transcript where it was written and given, and beside it. */
import type { TurnId } from "../../streams/ids.ts"
import { expect, test, violations } from "../support/ui-test.ts"

const TEXT = "The retry timer is fixed.\nNext: run the suite ten times."

for (const colorScheme of ["light", "dark"] as const)
  test(`the last note is beside the session, and its past has the one of then, in ${colorScheme}`, async ({
    page,
    agentz,
  }) => {
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" })
    const session = agentz.plane.sessions.get(agentz.told.done)
    if (!session) throw new Error("There is no such session.")
    const before = session.session.seq
    const turnId = "turn_noted" as TurnId
    session.say({ type: "note_written", turnId, text: TEXT, data: { step: 3 } })
    session.say({ type: "context_compacted", turnId })
    session.say({ type: "note_given", turnId, why: "compacted" })
    session.say({ type: "note_written", turnId, text: "All is done." })

    await page.goto(`${agentz.url}/s/${agentz.told.done}?panel=note`)
    const panel = page.getByRole("tabpanel", { name: "Note" })
    await expect(panel).toContainText("All is done.")
    expect(await violations(page)).toEqual([])
    await page.getByRole("button", { name: "Close panel" }).click()
    const log = page.getByRole("log")
    await expect(
      log.getByRole("button", { name: /^Note of the agent The retry timer is fixed/ }),
    ).toBeVisible()
    await expect(log).toContainText("The agent summed up its memory of the conversation")
    const given = log.getByRole("button", { name: /given its last note again: its memory was summed up/ })
    await given.click()
    await expect(log).toContainText("Next: run the suite ten times.")
    await expect(log).toContainText('"step": 3')
    expect(await violations(page)).toEqual([])

    await page.goto(`${agentz.url}/s/${agentz.told.done}?panel=note&at=${before + 1}`)
    await expect(panel).toContainText("Next: run the suite ten times.", { timeout: 20_000 })
    await page.goto(`${agentz.url}/s/${agentz.told.done}?panel=note&at=${before}`)
    await expect(panel).toContainText("The agent has kept no note.", { timeout: 20_000 })
  })

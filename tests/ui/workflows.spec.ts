import type { Page } from "@playwright/test"
import type { RealAgentz } from "../support/real-agentz.ts"
import { expect, reaches, test } from "../support/real-test.ts"
import { violations } from "../support/ui-test.ts"
import { call, define, start } from "../support/workflow-calls.ts"

const FOUR = `name: four
description: Two quick steps, a pause, and one more.
inputs:
  word: { type: string, description: What is printed., default: one }
steps:
  - id: first
    kind: command
    command: [echo, "{{inputs.word}}"]
  - id: second
    kind: command
    command: [echo, "{{steps.first.output}} two"]
  - id: rest
    kind: wait
    needs: [second]
    for: 6s
  - id: last
    kind: command
    needs: [rest]
    command: [echo, "{{steps.second.output}} three"]
`

const FRAGILE = `name: fragile
steps:
  - id: ok
    kind: command
    command: [echo, fine]
  - id: breaks
    kind: command
    needs: [ok]
    command: [sh, -c, "exit 3"]
    retry: { attempts: 1 }
  - id: after
    kind: transform
    value: "{{steps.breaks.output}} and on"
`

const FORKABLE = `name: forkable
inputs:
  word: { type: string, default: one }
  times: { type: number, default: 1 }
steps:
  - { id: first, kind: transform, value: "{{inputs.word}}" }
  - { id: second, kind: transform, value: "{{steps.first.output}} {{inputs.times}}" }
`

const ASKING = `name: asking
steps:
  - id: look
    kind: approval
    question: Is the plan good?
  - id: go
    kind: transform
    needs: [look]
    value: done
`

/** A step's row in the list. */
const row = (page: Page, id: string) =>
  page.getByRole("list", { name: "Steps" }).getByRole("button", { name: new RegExp(`^${id}\\b`) })

const open = async (page: Page, agentz: RealAgentz, runId: string, view = "list") =>
  void (await page.goto(`${agentz.api}/w/${runId}?view=${view}`))

/** Starts the four steps through the form, and waits until two of them are done. */
async function twoStepsOf(page: Page, agentz: RealAgentz): Promise<void> {
  await define(page, FOUR)
  await page.goto(`${agentz.api}/w/new?workflow=four&dir=${encodeURIComponent(agentz.project)}`)
  await page.getByLabel("word").fill("eins")
  await page.getByRole("button", { name: "Start", exact: true }).click()
  await page.waitForURL(/\/w\/run_/)
  await page.getByRole("button", { name: "List", exact: true }).click()
  await expect(row(page, "second")).toContainText("Done", { timeout: 40_000 })
}

/** All four steps are done, each by its one attempt, with what they gave. */
async function allDone(page: Page): Promise<void> {
  await reaches(page, "Done")
  for (const [id, output] of [
    ["first", "eins"],
    ["second", "eins two"],
    ["last", "eins two three"],
  ] as const) {
    await row(page, id).click()
    await expect(page.getByRole("region", { name: "What it gave" }).first()).toHaveText(output)
    await expect(page.getByRole("region", { name: "Attempts" }).getByRole("listitem")).toHaveCount(1)
  }
}

test("a run goes on where it was when the server is killed and somebody presses Resume", async ({
  page,
  agentz,
}) => {
  test.slow()
  await twoStepsOf(page, agentz)
  await page.getByRole("button", { name: "Pause", exact: true }).click()
  await page.getByRole("dialog").getByRole("button", { name: "Pause", exact: true }).click()
  await reaches(page, "Paused")
  await agentz.kill()
  await agentz.start()
  await page.getByRole("button", { name: "Resume", exact: true }).click()
  const dialog = page.getByRole("dialog", { name: "Resume the run" })
  await dialog.getByRole("button", { name: "Resume", exact: true }).click()
  await allDone(page)
})

test("a run goes on where it was when the server is killed and nobody does anything", async ({
  page,
  agentz,
}) => {
  test.slow()
  await twoStepsOf(page, agentz)
  await agentz.kill()
  await agentz.start()
  await allDone(page)
})

test("a step that failed is tried again with another command, and what comes after it runs", async ({
  page,
  agentz,
}) => {
  await open(page, agentz, await start(page, agentz, FRAGILE))
  await reaches(page, "Failed")
  await row(page, "breaks").click()
  await page.getByRole("button", { name: "Retry: breaks" }).click()
  const dialog = page.getByRole("dialog", { name: "Retry breaks" })
  await expect(dialog.getByRole("region", { name: "What runs" })).toContainText("breaks")
  await dialog.getByLabel("Command (JSON)").fill('["echo", "mended"]')
  await dialog.getByRole("button", { name: "Retry" }).click()
  await reaches(page, "Done")
  await row(page, "after").click()
  await expect(page.getByRole("region", { name: "What it gave" }).first()).toHaveText("mended and on")
})

test("a step is skipped with an output, and a fork does its part anew in a run of its own", async ({
  page,
  agentz,
}) => {
  const runId = await start(page, agentz, FRAGILE)
  await open(page, agentz, runId)
  await reaches(page, "Failed")
  await row(page, "breaks").click()
  await page.getByRole("button", { name: "Skip: breaks" }).click()
  const skip = page.getByRole("dialog", { name: "Skip breaks" })
  await skip.getByLabel("Output").fill("given")
  await skip.getByRole("button", { name: "Skip" }).click()
  await reaches(page, "Done")
  await row(page, "after").click()
  await expect(page.getByRole("region", { name: "What it gave" }).first()).toHaveText("given and on")
  await page.getByRole("button", { name: "Fork from here: after" }).click()
  await page.getByRole("dialog", { name: "Fork from after" }).getByRole("button", { name: "Fork" }).click()
  await expect(page).not.toHaveURL(new RegExp(runId))
  await expect(page.getByRole("link", { name: `Fork of ${runId}` })).toBeVisible()
  await reaches(page, "Done")
})

test("a fork takes other inputs, and has its step told something else, in the form that starts a run", async ({
  page,
  agentz,
}) => {
  const runId = await start(page, agentz, FORKABLE)
  await open(page, agentz, runId)
  await reaches(page, "Done")
  await row(page, "second").click()
  await page.getByRole("button", { name: "Fork from here: second" }).click()
  const dialog = page.getByRole("dialog", { name: "Fork from second" })
  await dialog.getByRole("region", { name: "What runs" }).waitFor()
  const inputs = dialog.getByRole("group", { name: "Inputs of the run" })
  await expect(inputs.getByLabel("word")).toHaveValue("one")
  await inputs.getByLabel("times").fill("many")
  await expect(inputs.getByRole("alert")).toHaveText("Input times must be a number.")
  await expect(dialog.getByRole("button", { name: "Fork" })).toBeDisabled()
  expect(await violations(page)).toEqual([])
  await inputs.getByLabel("times").fill("3")
  await inputs.getByLabel("word").fill("eins")
  const told = dialog.getByRole("group", { name: "What second is told" })
  await told.getByLabel("Value (JSON)").fill('"{{steps.first.output}} {{inputs.word}} {{inputs.times}}"')
  expect(await violations(page)).toEqual([])
  await dialog.getByRole("button", { name: "Fork" }).click()
  await expect(page).not.toHaveURL(new RegExp(runId))
  await expect(page.getByRole("link", { name: `Fork of ${runId}` })).toBeVisible()
  await reaches(page, "Done")
  await page.getByRole("button", { name: "List", exact: true }).click()
  await row(page, "second").click()
  await expect(page.getByRole("region", { name: "What it gave" }).first()).toHaveText("one eins 3")
})

test("what a run asks is answered in the inbox", async ({ page, agentz }) => {
  const runId = await start(page, agentz, ASKING)
  await page.goto(`${agentz.api}/inbox`)
  const step = page.getByRole("region", { name: "Step look" })
  await expect(step).toContainText("Is the plan good?", { timeout: 30_000 })
  await step.getByRole("button", { name: "Approve" }).click()
  await expect(step).toBeHidden()
  await open(page, agentz, runId)
  await reaches(page, "Done")
})

test("a run is cancelled with a reason, and offers nothing but forks", async ({ page, agentz }) => {
  await open(page, agentz, await start(page, agentz, ASKING))
  await reaches(page, "Needs you")
  await page.getByRole("button", { name: "Cancel", exact: true }).click()
  const dialog = page.getByRole("dialog", { name: "Cancel the run" })
  await dialog.getByLabel("Reason").fill("Not today.")
  await dialog.getByRole("button", { name: "Cancel the run" }).click()
  await reaches(page, "Cancelled")
  await expect(page.getByText("The run was cancelled: Not today.")).toBeVisible()
  await expect(page.getByRole("button", { name: "Resume" })).toBeHidden()
})

test("what is wrong with a definition stands at its line, and it is kept when nothing is", async ({
  page,
  agentz,
}) => {
  await page.goto(`${agentz.api}/w/new?edit=true`)
  const editor = page.getByLabel("Definition")
  await editor.fill(
    "name: typed\nsteps:\n  - id: one\n    kind: transform\n    value: '{{steps.two.output}}'\n",
  )
  const problems = page.getByRole("list", { name: "Problems" }).getByRole("listitem")
  await expect(problems).toContainText(["two"])
  await problems.getByRole("button", { name: /^line 5, column / }).click()
  await expect(editor).toBeFocused()
  await editor.fill("name: typed\nsteps:\n  - id: one\n    kind: transform\n    value: 1\n")
  await page.getByRole("button", { name: "Keep as typed" }).click()
  await expect(page.getByRole("form", { name: "Start typed" })).toBeVisible()
})

test("a schedule is made with a look at its next times, rests, goes on, and is removed", async ({
  page,
  agentz,
}) => {
  await define(page, FOUR)
  await page.goto(`${agentz.api}/w`)
  await page.getByRole("link", { name: "Schedules" }).click()
  await page.getByRole("link", { name: "New schedule" }).click()
  const form = page.getByRole("form", { name: "New schedule" })
  await page.getByLabel("Workflow", { exact: true }).selectOption("four")
  await form.getByLabel("Every").fill("soon")
  await expect(form.getByRole("status")).toContainText("no interval")
  await form.getByLabel("At certain times").check()
  await form.getByLabel("Pattern").fill("30 4 * * *")
  await form.getByLabel("Time zone").fill("UTC")
  const times = form.getByRole("list", { name: "Next times" }).locator("time")
  await expect(times).toHaveCount(5)
  expect(await times.first().getAttribute("datetime")).toMatch(/T04:30:00/)
  expect(await violations(page)).toEqual([])
  await form.getByLabel("word").fill("by the clock")
  await form.getByRole("button", { name: "Start it by the clock" }).click()
  await expect(form).toBeHidden()
  const row = page.getByRole("list", { name: "Schedules and webhooks" }).getByRole("listitem")
  await expect(row).toContainText("30 4 * * * (UTC)")
  await expect(row).toContainText("next")
  await row.getByRole("button", { name: "Pause: four" }).click()
  await expect(row).toContainText("paused")
  await row.getByRole("button", { name: "Go on: four" }).click()
  await expect(row).toContainText("next")
  await row.getByRole("button", { name: "Remove: four" }).click()
  await expect(page.getByText("Nothing starts runs by itself.")).toBeVisible()
})

test("a webhook shows its secret once, starts runs by it, and none while it rests", async ({
  page,
  agentz,
}) => {
  await define(page, FOUR)
  await page.goto(`${agentz.api}/w/starters?add=webhook&workflow=four`)
  const form = page.getByRole("form", { name: "New webhook" })
  await form.getByLabel("The body of a request is").selectOption("word")
  await expect(form.getByLabel("word", { exact: true })).toBeHidden()
  await form.getByRole("button", { name: "Make the webhook" }).click()
  const note = page.getByRole("region", { name: "New webhook" })
  await expect(note).toContainText("it is not shown again")
  expect(await violations(page)).toEqual([])
  const address = (await note.locator("code").nth(0).textContent()) ?? ""
  const secret = (await note.locator("code").nth(1).textContent()) ?? ""
  const deliver = async (body: string) =>
    (await fetch(address, { method: "POST", headers: { authorization: `Bearer ${secret}` }, body })).status
  expect(await deliver("from outside")).toBe(202)
  await note.getByRole("button", { name: "Close" }).click()
  const row = page.getByRole("list", { name: "Schedules and webhooks" }).getByRole("listitem")
  await expect(row).toContainText("its body is the input word")
  await row.getByRole("button", { name: "Pause: four" }).click()
  await expect(row).toContainText("paused")
  expect(await deliver("again")).not.toBe(202)
  await row.getByRole("button", { name: "Remove: four" }).click()
  await expect(page.getByText("Nothing starts runs by itself.")).toBeVisible()
  await page.goto(`${agentz.api}/w?workflow=four`)
  await expect(page.getByRole("list", { name: "Runs" }).getByRole("listitem")).not.toHaveCount(0)
})

test("the graph is walked and opened with keys", async ({ page, agentz, isMobile }) => {
  test.skip(isMobile, "a phone has no arrow keys")
  await open(page, agentz, await start(page, agentz, FRAGILE), "graph")
  await reaches(page, "Failed")
  const node = (id: string) => page.getByRole("button", { name: new RegExp(`^Step ${id}, `) })
  await node("ok").focus()
  await page.keyboard.press("ArrowDown")
  await expect(node("breaks")).toBeFocused()
  await page.keyboard.press("Enter")
  await expect(page.getByRole("complementary", { name: "Step breaks" })).toContainText("Retry")
  await page.keyboard.press("Enter")
  await expect(page.getByRole("complementary", { name: "The run" })).toBeVisible()
})

for (const colorScheme of ["light", "dark"] as const)
  test(`no page of workflows breaks a rule of WCAG 2.2 AA in ${colorScheme}`, async ({ page, agentz }) => {
    test.slow()
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" })
    const clean = async (name: string) =>
      expect(await violations(page), `${name}, ${colorScheme}`).toEqual([])
    await define(page, FOUR)
    const failed = await start(page, agentz, FRAGILE)
    const asks = await start(page, agentz, ASKING)
    await open(page, agentz, failed)
    await reaches(page, "Failed")
    await row(page, "breaks").click()
    await clean("a failed step in the list")
    await page.getByRole("button", { name: "Retry: breaks" }).click()
    await page.getByRole("region", { name: "What runs" }).waitFor()
    await clean("the dialog of a retry")
    await page.keyboard.press("Escape")
    await page.getByRole("button", { name: "Fork from here: breaks" }).click()
    await page.getByRole("region", { name: "What runs" }).waitFor()
    await clean("the dialog of a fork")
    await page.keyboard.press("Escape")
    await open(page, agentz, failed, "graph")
    await page.getByRole("button", { name: /^Step after, / }).waitFor()
    await clean("the graph")
    await open(page, agentz, asks)
    await reaches(page, "Needs you")
    await row(page, "look").click()
    await clean("an approval")
    await page.goto(`${agentz.api}/inbox`)
    await page.getByRole("region", { name: "Step look" }).waitFor()
    await clean("the inbox")
    await page.goto(`${agentz.api}/w`)
    await page.getByRole("list", { name: "Runs" }).waitFor()
    await clean("the runs")
    await page.goto(`${agentz.api}/w/new?workflow=four`)
    await page.getByRole("form", { name: "Start four" }).waitFor()
    await clean("the form")
    await page.goto(`${agentz.api}/w/new?workflow=four&edit=true`)
    await page.getByLabel("Definition").fill("name: x\n")
    await page.getByRole("list", { name: "Problems" }).waitFor()
    await clean("the editor")
    await page.goto(`${agentz.api}/w/starters?add=schedule&workflow=four`)
    await page.getByRole("list", { name: "Next times" }).waitFor()
    await clean("the form of a schedule")
    await page.goto(`${agentz.api}/w/run_nothere`)
    await page.getByText("is not on this machine").waitFor()
    await clean("unknown")
    await call(page, "cancel", { runId: asks })
  })

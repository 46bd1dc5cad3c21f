/** Every page, in light, in dark and on a phone, of real sessions of the demo agent. */
import { mkdir, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { type Browser, expect, type Locator, type Page, test } from "@playwright/test"
import { beginRepository, gitIn } from "../support/project.ts"
import { type RealAgentz, startRealAgentz } from "../support/real-agentz.ts"
import { define, start } from "../support/workflow-calls.ts"

const FOLDER = fileURLToPath(new URL("../../docs/screenshots", import.meta.url))

const LOOKS = [
  { name: "light", colorScheme: "light", viewport: { width: 1280, height: 800 }, phone: false },
  { name: "dark", colorScheme: "dark", viewport: { width: 1280, height: 800 }, phone: false },
  { name: "phone", colorScheme: "light", viewport: { width: 390, height: 844 }, phone: true },
  { name: "phone-dark", colorScheme: "dark", viewport: { width: 390, height: 844 }, phone: true },
] as const

const ANSWER = `The retry timer was started **before** the socket had closed, so two attempts could overlap.

\`\`\`ts
/** Doubles with each failure. */
export const delay = (failures: number): number =>
  Math.min(LONGEST_MS, FIRST_MS * 2 ** failures)
\`\`\`

| case    | before | after |
| ------- | ------ | ----- |
| restart | 3 lost | none  |
| sleep   | 1 twice | none |

All 42 tests pass.`

const quote = (text: string) => JSON.stringify(text)

const WORK = [
  `[[think n=12 ms=1]]`,
  `[[plan entries="Reproduce the flake; Fix the retry timer; Run the suite ten times" done=2]]`,
  `[[read path=README.md]] [[read path=src/follow.ts]] [[read path=src/delay.ts]]`,
  `[[edit ask=no path=src/delay.ts old="return FIRST_MS * failures" new="return Math.min(LONGEST_MS, FIRST_MS * 2 ** failures)"]]`,
  `[[bash ask=no cmd="printf '\\u001b[32m✓\\u001b[0m delay.test.ts (12)\\n\\u001b[32m✓\\u001b[0m follow.test.ts (30)\\n\\n 42 passed\\n'"]]`,
  `[[say ms=1 text=${quote(ANSWER)}]]`,
].join(" ")

async function fill(
  agentz: RealAgentz,
): Promise<Record<"done" | "waiting" | "failed" | "running" | "branch", string>> {
  await mkdir(join(agentz.project, "src"), { recursive: true })
  await writeFile(join(agentz.project, "README.md"), "# tiny-shop\n\nA shop, but tiny.\n")
  await writeFile(join(agentz.project, "src/follow.ts"), 'import { delay } from "./delay.ts"\n')
  await writeFile(
    join(agentz.project, "src/delay.ts"),
    "const FIRST_MS = 250\nconst LONGEST_MS = 8_000\n\nexport function delay(failures: number): number {\n  return FIRST_MS * failures\n}\n",
  )
  beginRepository(agentz.project)
  const spawn = (title: string, prompt: string) => agentz.spawn({ agentType: "demo", title, prompt })
  const done = await spawn("Fix the flaky follower test", WORK)
  const failed = await spawn("Summarise the changelog", `[[say text="Reading."]] [[error status=401]]`)
  await spawn("Bump three dependencies", `[[say text="Bumped, and the suite passes."]]`)
  await spawn("Rename the store module", `[[say text="Renamed in 14 files."]]`)
  const waiting = await spawn(
    "Add a private flag to the package",
    `[[say text="One change is needed; I ask before I make it."]] [[write path=package.json content=${quote('{\n  "name": "tiny-shop",\n  "private": true\n}\n')}]]`,
  )
  await spawn("Deploy the preview", `[[bash cmd="npm run deploy -- --preview"]]`)
  const running = await spawn("Write the release notes", "[[slow n=3000 ms=300]]")
  const branch = await agentz.spawn({
    agentType: "demo",
    title: "Round prices to cents",
    prompt: `[[edit ask=no path=src/delay.ts old="FIRST_MS = 250" new="FIRST_MS = 200"]] [[say text="Done."]]`,
    workspace: { kind: "worktree" },
  })
  return { done, failed, waiting, running, branch }
}

const RELEASE = `name: release
description: Tests, builds for each platform, asks, and publishes.
inputs:
  version: { type: string, description: What the release is called., default: 1.4.0 }
  channel: { type: enum, values: [stable, next], default: stable }
  dryRun: { type: boolean, description: Publish nothing., default: false }
steps:
  - id: notes
    kind: agent
    agent: demo
    prompt: "[[say text='Three fixes and one feature since 1.3.2.' ms=0]]"
  - id: tests
    kind: command
    command: [sh, -c, "echo 42 passed"]
  - id: builds
    kind: map
    needs: [tests]
    over: "['linux', 'macos', 'windows']"
    step:
      kind: command
      command: [echo, "built {{item}}"]
  - id: review
    kind: agent
    agent: demo
    needs: [notes]
    prompt: "[[slow n=3000 ms=300]]"
  - id: confirm
    kind: approval
    needs: [builds]
    question: "Publish {{inputs.version}} to {{inputs.channel}}?"
  - id: publish
    kind: command
    needs: [confirm, review]
    command: [echo, published]
  - id: announce
    kind: transform
    needs: [publish]
    value: "{{inputs.version}} is out."
`

const MIGRATE = `name: migrate
description: Moves the tables, and checks them.
steps:
  - id: plan
    kind: transform
    value: "Four tables, the large one last."
  - id: move
    kind: command
    needs: [plan]
    command: [sh, -c, "echo 'orders: lock timeout' >&2; exit 3"]
    retry: { attempts: 2, delay: 50ms }
  - id: check
    kind: command
    needs: [move]
    command: [echo, ok]
`

/** Runs in three states, by what they show. */
async function run(page: Page, agentz: RealAgentz): Promise<Record<"asks" | "failed", string>> {
  await define(page, RELEASE)
  await define(page, MIGRATE)
  await start(page, agentz, "name: greet\nsteps: [{ id: hello, kind: transform, value: Hello. }]\n")
  const failed = await start(page, agentz, MIGRATE)
  return { failed, asks: await start(page, agentz, RELEASE) }
}

/** Signed in, and looking as `look` says. */
async function open(browser: Browser, agentz: RealAgentz, look: (typeof LOOKS)[number]): Promise<Page> {
  const { colorScheme, viewport, phone } = look
  const context = await browser.newContext({
    colorScheme,
    viewport,
    hasTouch: phone,
    isMobile: phone,
    reducedMotion: "reduce",
    deviceScaleFactor: phone ? 2 : 1,
  })
  const page = await context.newPage()
  await page.goto(await agentz.newUrl())
  return page
}

for (const look of LOOKS)
  test(`every page has its picture: ${look.name}`, async ({ browser }) => {
    await mkdir(FOLDER, { recursive: true })
    await using agentz = await startRealAgentz()
    const first = await open(browser, agentz, look)
    await first.getByText("What should an agent do?").waitFor()
    await first.waitForTimeout(1_500)
    await first.screenshot({ path: join(FOLDER, `first-run-${look.name}.png`) })
    const told = await fill(agentz)
    const page = await open(browser, agentz, look)
    const shoot = async (name: string, path: string, ready: Locator) => {
      await page.goto(`${agentz.api}${path}`)
      await ready.first().waitFor()
      await page.waitForTimeout(500)
      await page.screenshot({ path: join(FOLDER, `${name}-${look.name}.png`) })
    }
    const text = (words: string) => page.getByText(words)
    const panel = page.getByRole("tabpanel")
    await shoot("session", `/s/${told.done}`, text("All 42 tests pass"))
    await shoot("failed", `/s/${told.failed}`, text("The turn failed"))
    await shoot("approval", `/s/${told.waiting}`, page.getByRole("button", { name: "Allow" }))
    // The picture of the README.
    if (look.name === "light") await page.screenshot({ path: join(FOLDER, "..", "agentz.png") })
    await shoot("sessions", "/", page.locator("[data-status=waiting]"))
    await shoot("inbox", "/inbox", text("npm run deploy -- --preview"))
    await shoot("new", "/new?prompt=Fix%20the%20flaky%20test", page.getByRole("radio", { name: /Demo/ }))
    await shoot("running", `/s/${told.running}`, page.locator("h1 + [data-status=running]"))
    await shoot(
      "changes",
      `/s/${told.done}?panel=changes`,
      panel.getByRole("region", { name: "Changed files" }),
    )
    await shoot("turns", `/s/${told.done}?panel=usage`, panel.getByRole("region", { name: "Usage by turn" }))
    await shoot("events", `/s/${told.done}?panel=events`, panel.getByRole("combobox"))
    await shoot("past", `/s/${told.done}?at=30`, page.getByRole("slider", { name: "Moment" }))
    await shoot("search", "/search?q=retry%20timer", page.locator("mark"))
    await shoot("usage", "/usage", text("Tokens out"))
    await shoot("settings", "/settings", text("No rules."))
    if (!look.phone) {
      await page.getByText("Keys of commands").click()
      await page.mouse.move(640, 400)
      await page.mouse.wheel(0, 380)
      await page.waitForTimeout(300)
      await page.screenshot({ path: join(FOLDER, `keys-${look.name}.png`) })
    }
    const runs = await run(page, agentz)
    const step = (name: string) => page.getByRole("region", { name })
    await shoot(
      "run-failed",
      `/w/${runs.failed}?step=move&view=list`,
      page.locator("h1 + [data-status=failed]"),
    )
    await shoot("run-list", `/w/${runs.asks}?step=confirm&view=list`, text("Publish 1.4.0 to stable?"))
    await shoot("run-graph", `/w/${runs.asks}?step=confirm&view=graph`, page.locator(".react-flow__node"))
    await shoot("runs", "/w", page.locator("[data-status=waiting]"))
    await shoot("start-run", "/w/new?workflow=release", page.getByRole("form"))
    await shoot(
      "schedule",
      "/w/starters?add=schedule&workflow=release",
      page.getByRole("list", { name: "Next times" }),
    )
    await shoot("definition", "/w/new?workflow=migrate&edit=true", text("Nothing is wrong"))
    await shoot("inbox-run", "/inbox", step("Step confirm"))
    const keep = (name: string) => page.screenshot({ path: join(FOLDER, `${name}-${look.name}.png`) })
    await page.goto(`${agentz.api}/s/${told.done}?panel=changes`)
    // A few lines are open from the start.
    await panel.getByText("return FIRST_MS * failures").waitFor()
    if (!look.phone) {
      await page.getByRole("button", { name: "Split" }).click()
      await page.getByRole("separator", { name: "Width of the panel" }).press("Home")
      await page.getByRole("tab", { name: "Files" }).focus()
    }
    await page.waitForTimeout(500)
    await keep("diff")
    await page.goto(`${agentz.api}/s/${told.done}`)
    await page.getByRole("log").focus()
    await page.keyboard.press("Home")
    await page.getByRole("article").first().hover()
    await page.getByRole("button", { name: "Fork from here" }).first().click()
    await page.getByRole("dialog", { name: "Fork from here" }).waitFor()
    await keep("fork")
    await page.goto(`${agentz.api}/s/${told.done}`)
    await page.getByRole("button", { name: "Session menu" }).click()
    await page.getByRole("menuitem", { name: /^Go back to before/ }).click()
    await page.getByRole("region", { name: "What becomes of the files" }).waitFor()
    await keep("restore")
    gitIn(agentz.project, "commit", "-qam", "Wait longer after each failure")
    await page.goto(`${agentz.api}/s/${told.branch}`)
    await page.getByRole("button", { name: "Session menu" }).click()
    await page.getByRole("menuitem", { name: "Bring home…" }).click()
    await page.getByRole("button", { name: "Commit" }).click()
    await page.getByRole("button", { name: "Bring into main" }).waitFor()
    await keep("merge")
    await page.goto(agentz.api)
    await page.getByRole("button", { name: "Commands" }).click()
    await page.getByRole("combobox").fill("retry timer")
    await page.getByRole("option", { name: "Search all sessions" }).waitFor()
    await page.locator("mark").first().waitFor()
    await keep("palette")
    await page.goto(`${agentz.api}/s/${told.done}`)
    await page.getByRole("textbox", { name: "Message" }).pressSequentially("Look at @del")
    await page.getByRole("listbox", { name: "Suggestions" }).waitFor()
    await keep("mention")
    await page.goto(`${agentz.api}/s/${told.waiting}`)
    await page.getByRole("button", { name: "Deny" }).click()
    await page.getByRole("button", { name: "Undo" }).waitFor()
    await keep("undo")
    await page.getByRole("button", { name: "Undo" }).click()
    expect(told.done).toMatch(/^ses_/)
  })

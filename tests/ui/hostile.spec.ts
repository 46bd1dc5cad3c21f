import type { Page } from "@playwright/test"
import { newEventId, newMessageId, newRequestId, newTurnId } from "../../streams/ids.ts"
import type { Agentz } from "../support/agentz.ts"
import type { FakeSession } from "../support/fake-session.ts"
import { HOSTILE } from "../support/hostile-texts.ts"
import { expect, test } from "../support/ui-test.ts"

const PER_SESSION = 30
/** Every fifth of the three hundred, or with AGENTZ_TEST_LONG=1 all of them. */
const SHOWN = HOSTILE.filter((_, index) => process.env.AGENTZ_TEST_LONG === "1" || index % 5 === 0)

/** A turn with the text in every place where a text of an agent is shown. */
function tellHostile(session: FakeSession, text: string): void {
  const turnId = newTurnId()
  const messageId = newMessageId()
  const line = text.replaceAll("\n", " ")
  const call = { turnId, toolCallId: newEventId(), title: line, locations: [{ path: line }] }
  const attachments = [
    { type: "image" as const, mimeType: "image/png", blob: line.slice(0, 60), name: line },
    { type: "file" as const, path: line, name: line },
  ]
  session.say({ type: "user_message", messageId, text, attachments }, 10)
  session.say({ type: "turn_started", turnId, messageId, cause: "user" }, 10)
  const choices = [
    { value: "a", name: line },
    { value: line, name: line, description: line },
  ]
  session.say(
    {
      type: "config_options",
      options: [{ id: line, name: line, category: "model", value: line, choices }],
    },
    10,
  )
  session.say({ type: "available_commands", commands: [{ name: line, description: line, hint: line }] }, 10)
  session.say({ type: "agent_thought_chunk", turnId, messageId: newEventId(), text }, 10)
  session.say(
    { type: "plan", turnId, entries: [{ content: line, priority: "high", status: "in_progress" }] },
    10,
  )
  session.say(
    {
      ...call,
      type: "tool_call",
      kind: "execute",
      status: "failed",
      input: { command: text, also: text },
      content: [{ type: "text", text }],
      output: text,
    },
    10,
  )
  session.say(
    {
      ...call,
      toolCallId: newEventId(),
      type: "tool_call",
      kind: "edit",
      status: "completed",
      input: {},
      content: [{ type: "diff", path: line, oldText: text, newText: `${text}\nmore` }],
    },
    10,
  )
  session.say({ type: "agent_message", turnId, messageId: newEventId(), text }, 10)
  session.say({ type: "notice", severity: "warning", category: line, title: line }, 10)
  const error = { code: line.slice(0, 80), message: text, hint: text }
  session.say({ type: "turn_ended", turnId, stopReason: "error", error }, 10)
}

function askHostile(session: FakeSession, text: string): void {
  const turnId = newTurnId()
  session.say({ type: "turn_started", turnId, cause: "recovery" }, 10)
  session.say(
    {
      type: "permission_request",
      turnId,
      requestId: newRequestId(),
      toolCallId: newEventId(),
      title: text,
      kind: "execute",
      input: { command: text },
      inputHash: "0",
      content: [
        { type: "text", text },
        { type: "diff", path: text, oldText: null, newText: text },
      ],
      decisions: ["allow", "deny"],
    },
    10,
  )
}

/** What came of it: nothing, if all is well. */
async function watch(page: Page, agentz: Agentz): Promise<() => Promise<unknown>> {
  const foreign: string[] = []
  const dialogs: string[] = []
  page.on("request", (request) => {
    const url = request.url()
    if (!url.startsWith(agentz.url) && !url.startsWith(`blob:${agentz.url}`)) foreign.push(url)
  })
  page.on("dialog", (dialog) => {
    dialogs.push(dialog.message())
    void dialog.dismiss()
  })
  await page.addInitScript(() => {
    addEventListener("securitypolicyviolation", (event) => {
      Reflect.set(window, "violated", `${event.violatedDirective} ${event.blockedURI}`)
    })
  })
  return async () => ({
    foreign,
    dialogs,
    page: await page.evaluate(() => ({
      ran: Reflect.get(window, "pwned") ?? null,
      violated: Reflect.get(window, "violated") ?? null,
      elements: [
        ...document.querySelectorAll(
          "#root :is(script, img, iframe, object, embed, video, base, meta, link, style, form[action], [onerror], [onload], [ontoggle], [srcdoc])",
        ),
      ].map((element) => element.outerHTML),
      links: [...document.querySelectorAll<HTMLAnchorElement>("#root a")]
        .map((link) => link.protocol)
        .filter((protocol) => !["http:", "https:", "mailto:"].includes(protocol)),
    })),
  })
}

const nothing = { foreign: [], dialogs: [], page: { ran: null, violated: null, elements: [], links: [] } }

test("hostile texts stay text wherever they are shown", async ({ page, agentz, isMobile }) => {
  test.skip(isMobile, "the same rows on a narrower page")
  test.setTimeout(280_000)
  expect(new Set(HOSTILE).size).toBe(300)
  const sessions: FakeSession[] = []
  for (let from = 0; from < SHOWN.length; from += PER_SESSION) {
    const texts = SHOWN.slice(from, from + PER_SESSION)
    const [first = ""] = texts
    const session = agentz.plane.add({
      title: texts
        .map((text) => text.replaceAll("\n", " "))
        .join(" ")
        .slice(0, 190),
      workingDir: `/home/${first}`,
      model: first.slice(0, 60),
    })
    session.start(10)
    for (const text of texts) tellHostile(session, text)
    askHostile(session, texts.join("\n"))
    sessions.push(session)
  }
  const outcome = await watch(page, agentz)
  let shown = 0
  for (const { row } of sessions) {
    await page.goto(`${agentz.url}/s/${row.sessionId}`)
    const log = page.getByRole("log")
    await log.waitFor()
    await log.locator(".prose-agent").first().waitFor()
    await log.press("e")
    // From the start to the end: a virtual list draws what is in view.
    await log.evaluate((element) => element.scrollTo({ top: 0 }))
    for (let step = 0, done = false; !done && step < 400; step++) {
      done = await log.evaluate(async (element) => {
        element.scrollBy({ top: element.clientHeight })
        await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)))
        return element.scrollTop + element.clientHeight >= element.scrollHeight - 2
      })
      shown = Math.max(shown, await log.locator("article").count())
    }
    await page.getByRole("textbox", { name: "Message" }).fill("/")
    await page.getByRole("option").first().waitFor()
    expect(await outcome(), row.title).toEqual(nothing)
  }
  expect(shown).toBeGreaterThan(0)
  const [one] = sessions
  const id = one?.row.sessionId
  for (const path of [
    "/",
    "/?group=directory",
    "/inbox",
    "/usage",
    `/s/${id}?panel=changes`,
    `/s/${id}?panel=events`,
    `/s/${id}?at=40`,
    `/new?prompt=${encodeURIComponent(HOSTILE[0] ?? "")}&dir=${encodeURIComponent(HOSTILE[2] ?? "")}`,
    `/?q=${encodeURIComponent(HOSTILE[0] ?? "")}`,
  ]) {
    await page.goto(agentz.url + path)
    await page.locator("#main > *").first().waitFor()
    await page.waitForTimeout(300)
    expect(await outcome(), path).toEqual(nothing)
  }
  await page.keyboard.press("Control+k")
  await page.getByRole("combobox").fill("script")
  expect(await outcome(), "palette").toEqual(nothing)
})

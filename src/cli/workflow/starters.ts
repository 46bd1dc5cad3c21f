/** What starts runs by itself: schedules and webhooks. */
import { resolve } from "node:path"
import { ScheduleId, WebhookId } from "#streams/ids"
import { Problem } from "../../problem.ts"
import type { WorkflowPlane } from "../../workflows/plane.ts"
import { defineCommand } from "../command.ts"
import type { Io } from "../io.ts"
import { EXIT, usage } from "../refusal.ts"
import { table } from "../terminal.ts"
import { withPlane } from "../with-plane.ts"
import { inputWords } from "./input-words.ts"

const STARTED = {
  input: { type: "string", multiple: true, value: "NAME=VALUE", help: "an input (repeat it)" },
  cwd: { type: "string", value: "D", help: "where it works (the current directory)" },
} as const

/** What a run is started with. */
async function startedBy(
  workflows: WorkflowPlane,
  name: string,
  { values: { input = [], cwd = "." }, io }: { readonly values: Started; readonly io: Pick<Io, "cwd"> },
) {
  const { workflows: known } = await workflows.definitions()
  const definition = known.find((row) => row.name === name)?.definition
  return { name, inputs: inputWords(input, definition), workingDir: resolve(io.cwd, cwd) }
}

interface Started {
  readonly input?: readonly string[] | undefined
  readonly cwd?: string | undefined
}

const writer = (io: Pick<Io, "stdout">, json: boolean) => (value: unknown, text: string) => {
  io.stdout.write(json ? `${JSON.stringify(value)}\n` : text)
  return EXIT.ok
}

export const schedule = defineCommand({
  name: "workflow schedule",
  summary: "starts a workflow by the clock; without a name, lists what does",
  positionals: ["[NAME]"],
  flags: {
    cron: { type: "string", value: "PATTERN", help: "minute hour day month weekday, such as “0 3 * * *”" },
    "time-zone": {
      type: "string",
      value: "Z",
      help: "of the pattern, such as Europe/Berlin (this machine's)",
    },
    every: { type: "string", value: "D", help: "an interval, such as 30m" },
    overlap: { type: "boolean", help: "start also while the run before has not ended" },
    off: { type: "string", value: "ID", help: "let this schedule rest" },
    on: { type: "string", value: "ID", help: "let it start again" },
    remove: { type: "string", value: "ID", help: "remove it" },
    ...STARTED,
  },
  json: "print {schedules}, or the schedule, as JSON",
  more: `
Times that are due while no \`agentz up\` runs are made up for once, with the newest of them.`,
  async run({ values, positionals: [name], json, io, deps }) {
    return await withPlane(deps, async ({ workflows }) => {
      const write = writer(io, json)
      if (values.remove !== undefined) {
        const removed = await workflows.unschedule(scheduleIdOf(values.remove))
        return write(removed, `${removed.scheduleId} is removed.\n`)
      }
      const switched = values.on ?? values.off
      if (switched !== undefined) {
        const enabled = values.on !== undefined
        const row = await workflows.setSchedule({ scheduleId: scheduleIdOf(switched), enabled })
        return write(row, `${row.scheduleId} is ${enabled ? "on" : "off"}.\n`)
      }
      if (name === undefined) {
        const { schedules } = await workflows.schedules()
        const rows = schedules.map(({ scheduleId, workflow, when, nextAt, last }) => [
          scheduleId,
          workflow,
          when.type === "cron" ? `${when.cron} (${when.timeZone})` : `every ${when.everyMs / 1000} s`,
          nextAt ?? "off",
          last?.runId ?? last?.skipped ?? "",
        ])
        const none = "No schedules: agentz workflow schedule NAME --cron PATTERN makes one.\n"
        return write(
          { schedules },
          rows.length === 0 ? none : table([["ID", "WORKFLOW", "WHEN", "NEXT", "LAST"], ...rows], 200),
        )
      }
      const { cron, every } = values
      if ((cron === undefined) === (every === undefined)) throw usage("Give one of --cron and --every.")
      const row = await workflows.schedule({
        ...(await startedBy(workflows, name, { values, io })),
        when: cron === undefined ? { every: every ?? "" } : { cron, timeZone: values["time-zone"] },
        overlap: values.overlap === true ? "allow" : "skip",
      })
      return write(row, `${row.scheduleId} is due next at ${row.nextAt}.\n`)
    })
  },
})

function scheduleIdOf(given: string): ScheduleId {
  const parsed = ScheduleId.safeParse(given)
  if (parsed.success) return parsed.data
  throw new Problem(
    "unknown_schedule",
    `“${given}” is no id of a schedule: \`agentz workflow schedule\` lists them.`,
  )
}

export const webhook = defineCommand({
  name: "workflow webhook",
  summary: "starts a workflow for each request that knows a secret; without a name, lists them",
  positionals: ["[NAME]"],
  flags: {
    body: { type: "string", value: "INPUT", help: "the input that gets the body of the request" },
    off: { type: "string", value: "ID", help: "let this webhook start nothing for now" },
    on: { type: "string", value: "ID", help: "let it start runs again" },
    remove: { type: "string", value: "ID", help: "remove it" },
    ...STARTED,
  },
  json: "print {webhooks}, or {webhook, secret}, as JSON",
  more: `
POST /v1/hooks/ID with the secret as \`Authorization: Bearer …\`. A header Idempotency-Key, X-GitHub-Delivery or
Webhook-Id makes a delivery that is repeated start one run.`,
  async run({ values, positionals: [name], json, io, deps }) {
    return await withPlane(deps, async ({ workflows }) => {
      const write = writer(io, json)
      if (values.remove !== undefined) {
        const removed = await workflows.removeWebhook(webhookIdOf(values.remove))
        return write(removed, `${removed.webhookId} is removed.\n`)
      }
      const switched = values.on ?? values.off
      if (switched !== undefined) {
        const enabled = values.on !== undefined
        const row = await workflows.setWebhook({ webhookId: webhookIdOf(switched), enabled })
        return write(row, `${row.webhookId} is ${enabled ? "on" : "off"}.\n`)
      }
      if (name === undefined) {
        const { webhooks } = await workflows.webhooks()
        const rows = webhooks.map(({ webhookId, workflow, workingDir, enabled }) => [
          ...[webhookId, workflow, enabled ? "on" : "off", workingDir],
        ])
        const none = "No webhooks: agentz workflow webhook NAME makes one.\n"
        return write(
          { webhooks },
          rows.length === 0 ? none : table([["ID", "WORKFLOW", "STATE", "WHERE"], ...rows], 200),
        )
      }
      const made = await workflows.addWebhook({
        ...(await startedBy(workflows, name, { values, io })),
        bodyInput: values.body,
      })
      const { webhookId } = made.webhook
      return write(
        made,
        `POST /v1/hooks/${webhookId}\nAuthorization: Bearer ${made.secret}\nThe secret is not shown again.\n`,
      )
    })
  },
})

function webhookIdOf(given: string): WebhookId {
  const parsed = WebhookId.safeParse(given)
  if (parsed.success) return parsed.data
  throw new Problem(
    "unknown_webhook",
    `“${given}” is no id of a webhook: \`agentz workflow webhook\` lists them.`,
  )
}

/** Webhooks: what starts a run for each request that knows a secret of its own. */
import { createHash, randomBytes, timingSafeEqual } from "node:crypto"
import { newWebhookId, type RunId, type WebhookId } from "#streams/ids"
import { paths } from "#streams/paths"
import { appendTo } from "#streams/stream"
import type { Inputs, Json } from "#streams/workflow/definition"
import { type WebhookRow, webhookRowChange, webhookRowRemoval } from "#streams/workflow/registry"
import { guarded } from "../control/guarded.ts"
import type { PlaneContext } from "../plane-context.ts"
import { Problem } from "../problem.ts"
import { checkedWorkingDir } from "../working-dir.ts"
import type { RunFolds } from "./folds.ts"
import type { WebhookEntry, WorkflowPlane } from "./plane.ts"
import { definitionOf, inputsOf, makeRun } from "./starting.ts"
import type { Wake } from "./waking.ts"

type Webhooks = Pick<WorkflowPlane, "addWebhook" | "webhooks" | "setWebhook" | "removeWebhook" | "deliver">

/** The log of a run has room for so much of a body. */
export const MOST_BODY_BYTES = 256 * 1024

export function webhooks(context: PlaneContext, folds: RunFolds, wake: Wake): Webhooks {
  const { endpoint, patience, home } = context
  const rowOf = async (webhookId: WebhookId) => (await folds.workflows()).value.webhooks.get(webhookId)
  const knownRow = async (webhookId: WebhookId): Promise<WebhookRow> => {
    const row = await rowOf(webhookId)
    if (row) return row
    throw new Problem(
      "unknown_webhook",
      `There is no webhook ${webhookId}: \`agentz workflow webhook\` shows those there are.`,
    )
  }
  return {
    addWebhook: ({ name, inputs = {}, workingDir, bodyInput }) =>
      guarded(async () => {
        const definition = await definitionOf(folds, { name })
        const asked = bodyInput === undefined ? undefined : definition.inputs?.[bodyInput]
        if (bodyInput !== undefined && asked === undefined)
          throw new Problem("invalid_inputs", `The workflow ${name} has no input ${bodyInput}.`)
        const secret = randomBytes(24).toString("base64url")
        const row: WebhookRow = {
          webhookId: newWebhookId(),
          workflow: name,
          inputs,
          workingDir: await checkedWorkingDir(workingDir, home.path),
          ...(bodyInput !== undefined && { bodyInput }),
          secretHash: hashOf(secret).toString("hex"),
          enabled: true,
          createdAt: new Date().toISOString(),
        }
        await appendTo(endpoint, paths.workflows, [webhookRowChange(row)], patience)
        return { webhook: shown(row), secret }
      }),

    webhooks: () =>
      guarded(async () => {
        const { value } = await folds.workflows()
        return { webhooks: [...value.webhooks.values()].map(shown) }
      }),

    setWebhook: ({ webhookId, enabled }) =>
      guarded(async () => {
        const row = { ...(await knownRow(webhookId)), enabled }
        await appendTo(endpoint, paths.workflows, [webhookRowChange(row)], patience)
        return shown(row)
      }),

    removeWebhook: (webhookId) =>
      guarded(async () => {
        await knownRow(webhookId)
        await appendTo(endpoint, paths.workflows, [webhookRowRemoval(webhookId)], patience)
        return { webhookId, removed: true as const }
      }),

    deliver: ({ webhookId, secret, body, delivery }) =>
      guarded(async () => {
        const row = await rowOf(webhookId)
        // Compared also where there is none, so that the time tells nothing.
        const known = Buffer.from(row?.secretHash ?? hashOf("").toString("hex"), "hex")
        if (!timingSafeEqual(known, hashOf(secret)) || row === undefined || !row.enabled) return null
        const { workflow, workingDir, bodyInput } = row
        const definition = await definitionOf(folds, { name: workflow })
        const type = bodyInput === undefined ? undefined : definition.inputs?.[bodyInput]?.type
        const inputs: Inputs =
          bodyInput === undefined
            ? row.inputs
            : { ...row.inputs, [bodyInput]: type === "string" ? body : jsonIn(body) }
        inputsOf(definition, inputs)
        const idempotencyKey = delivery === undefined ? undefined : `${webhookId} ${delivery}`
        const runId: RunId = await makeRun(context, {
          definition,
          inputs,
          workingDir,
          startedBy: "webhook",
          idempotencyKey,
        })
        wake()
        return { runId }
      }),
  }
}

const hashOf = (secret: string): Buffer => createHash("sha256").update(secret).digest()

const shown = ({ secretHash: _, ...rest }: WebhookRow): WebhookEntry => rest

function jsonIn(body: string): Json {
  try {
    return JSON.parse(body)
  } catch {
    throw new Problem("invalid_inputs", "The body is not JSON, which the input of this webhook takes.")
  }
}

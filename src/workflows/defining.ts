/** Workflows that are known by a name. */
import { createHash } from "node:crypto"
import { paths } from "#streams/paths"
import { appendTo } from "#streams/stream"
import { readDefinition } from "#streams/workflow/read"
import {
  scheduleRowRemovals,
  webhookRowRemoval,
  workflowRowChange,
  workflowRowRemoval,
} from "#streams/workflow/registry"
import { guarded } from "../control/guarded.ts"
import type { PlaneContext } from "../plane-context.ts"
import type { RunFolds } from "./folds.ts"
import type { WorkflowPlane } from "./plane.ts"
import { definitionIn } from "./read-definitions.ts"
import { unknownWorkflow } from "./starting.ts"

export function defining(
  { endpoint, patience }: PlaneContext,
  folds: RunFolds,
): Pick<WorkflowPlane, "define" | "validate" | "definitions" | "forget"> {
  return {
    define: ({ source, file }) =>
      guarded(async () => {
        const definition = definitionIn(source, file)
        const { name } = definition
        const hash = createHash("sha256").update(JSON.stringify(definition)).digest("hex").slice(0, 32)
        const { value } = await folds.workflows()
        const known = value.workflows.get(name)
        if (known?.hash === hash && known.source === source) return { name, hash, changed: false }
        const row = { name, definition, source, hash, updatedAt: new Date().toISOString() }
        await appendTo(endpoint, paths.workflows, [workflowRowChange(row)], patience)
        return { name, hash, changed: known?.hash !== hash }
      }),

    async validate({ source }) {
      const read = readDefinition(source)
      return "definition" in read
        ? { definition: read.definition, problems: [] }
        : { definition: null, problems: read.problems }
    },

    definitions: () =>
      guarded(async () => {
        const { value, offset } = await folds.workflows()
        return {
          workflows: [...value.workflows.values()].sort((a, b) => a.name.localeCompare(b.name)),
          offset,
        }
      }),

    forget: (name) =>
      guarded(async () => {
        const { value } = await folds.workflows()
        if (!value.workflows.has(name)) throw unknownWorkflow(name)
        const schedules = [...value.schedules.values()].filter(({ workflow }) => workflow === name)
        const webhooks = [...value.webhooks.values()].filter(({ workflow }) => workflow === name)
        const removals = [
          ...schedules.flatMap(({ scheduleId }) => scheduleRowRemovals(scheduleId)),
          ...webhooks.map(({ webhookId }) => webhookRowRemoval(webhookId)),
          workflowRowRemoval(name),
        ]
        await appendTo(endpoint, paths.workflows, removals, patience)
        return { name, forgotten: true as const }
      }),
  }
}

import { type ReplayLine, useReplayed } from "../../-app/replay-client.ts"
import { FileDiff } from "../file-diff.tsx"

/** What the agent told of its changes: all there is where no checkpoint was taken. */
export function ToldChanges({ replay, seq }: { readonly replay: ReplayLine; readonly seq: number }) {
  const { value: files, problem } = useReplayed(replay, "changes", null, seq)
  if (!files) return <p className="px-4 py-3 text-row text-quiet">{problem ?? "Reading the history…"}</p>
  if (files.length === 0)
    return <p className="px-4 py-3 text-row text-quiet">No file changes in this session.</p>
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable without a mouse
    <section className="min-h-0 flex-1 overflow-y-auto px-2 py-2" tabIndex={0} aria-label="Told changes">
      {files.flatMap(({ path, changes }) =>
        changes.map((change, index) => (
          <FileDiff
            // biome-ignore lint/suspicious/noArrayIndexKey: a change of a file has no identity but its place
            key={`${path} ${index}`}
            change={change}
            foldKey={`panel ${path} ${index}`}
            open={files.length === 1}
          />
        )),
      )}
    </section>
  )
}

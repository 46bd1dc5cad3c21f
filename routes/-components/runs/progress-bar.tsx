/** How much of a run is done: as a bar, and in figures beside it. */
export function ProgressBar({ ended, total }: { readonly ended: number; readonly total: number }) {
  return (
    <span className="inline-flex items-center gap-2 text-quiet figures" title={`${ended} of ${total} steps`}>
      <svg viewBox="0 0 40 4" className="h-1 w-10 rounded-full bg-line-strong" aria-hidden="true">
        <rect width={total === 0 ? 0 : (40 * ended) / total} height="4" className="fill-soft" />
      </svg>
      <span>
        {ended}/{total}
        <span className="sr-only"> steps</span>
      </span>
    </span>
  )
}

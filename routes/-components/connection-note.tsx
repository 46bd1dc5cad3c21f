import clsx from "clsx"
import { useNow } from "../-app/clock.ts"
import { retryNow } from "../-app/live.ts"
import type { Connection } from "../-app/protocol.ts"

/** How a stream is doing, in words: the promise that nothing is lost is shown where it is kept. */
export function ConnectionNote({ connection }: { readonly connection: Connection }) {
  const waiting = connection.state === "reconnecting"
  return (
    <span
      className="flex items-center gap-2 text-note text-quiet figures whitespace-nowrap"
      data-connection={connection.state}
    >
      <span
        aria-hidden
        className={clsx(
          "size-1.5 shrink-0 rounded-full",
          connection.state === "live" ? "bg-good" : connection.state === "archived" ? "bg-quiet" : "bg-needs",
          connection.state === "connecting" && "pulse",
        )}
      />
      <span>
        {waiting ? (
          <Countdown retryAt={connection.retryAt} seq={connection.seq} />
        ) : (
          <Words connection={connection} />
        )}
      </span>
      {waiting && (
        <button type="button" className="underline underline-offset-2 touch:min-h-11" onClick={retryNow}>
          Retry now
        </button>
      )}
    </span>
  )
}

function Words({ connection }: { readonly connection: Exclude<Connection, { state: "reconnecting" }> }) {
  switch (connection.state) {
    case "connecting":
      return "connecting"
    case "catching-up":
      return connection.behind > 0 ? `catching up ${connection.behind.toLocaleString("en")}` : "catching up"
    case "live":
      return connection.seq === null || connection.seq < 0
        ? "live"
        : `live · #${connection.seq.toLocaleString("en")}`
    case "archived":
      return "archived"
    case "signed-out":
      return "signed out"
    case "unknown":
      return "not found"
  }
}

function Countdown({ retryAt, seq }: { readonly retryAt: number; readonly seq: number | null }) {
  const seconds = Math.max(0, Math.ceil((retryAt - useNow()) / 1_000))
  return (
    <>
      {seconds > 0 ? `reconnecting in ${seconds} s` : "reconnecting"} · nothing is lost
      {seq !== null && seq >= 0 && <span className="max-sm:hidden"> · have #{seq.toLocaleString("en")}</span>}
    </>
  )
}

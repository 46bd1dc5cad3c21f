import { createRootRoute, Link, Outlet, useMatchRoute } from "@tanstack/react-router"
import clsx from "clsx"
import { Plus } from "lucide-react"
import { useEffect } from "react"
import { useSessionList } from "./-app/live.ts"
import { ConnectionNote } from "./-components/connection-note.tsx"
import { SignedOut } from "./-components/signed-out.tsx"
import { ThemeSwitch } from "./-components/theme-switch.tsx"

export const Route = createRootRoute({ component: Frame })

function Frame() {
  const { connection, entries } = useSessionList()
  const needsYou = [...entries.values()].filter(({ status }) => status === "waiting").length
  useTitleCount(needsYou)
  // A session page says how its own stream is doing; two of these would say the same thing twice.
  const onSession = useMatchRoute()({ to: "/s/$sessionId" }) !== false
  return (
    <div className="flex h-dvh flex-col">
      <a href="#main" className="control fixed top-1 left-1 z-50 -translate-y-20 focus:translate-y-0">
        Skip to content
      </a>
      <header className="flex min-h-11 shrink-0 flex-wrap items-center gap-x-1 border-b border-line px-3 touch:min-h-13">
        <Link to="/" className="rounded-md px-1.5 py-1 font-semibold tracking-tight touch:py-3">
          agentz
        </Link>
        <nav aria-label="Main" className="ml-2 flex items-center gap-1 text-row">
          <Link
            to="/"
            activeOptions={{ exact: true, includeSearch: false }}
            className="rounded-md px-2 py-1 text-quiet hover:text-ink data-[status=active]:text-ink touch:py-3"
          >
            Sessions
            {needsYou > 0 && (
              <span className="ml-1.5 font-semibold text-needs figures" title={`${needsYou} need you`}>
                {needsYou}
              </span>
            )}
          </Link>
          <Link
            to="/new"
            className="inline-flex items-center gap-1 rounded-md px-2 py-1 text-quiet hover:text-ink data-[status=active]:text-ink touch:py-3"
          >
            <Plus size={14} aria-hidden />
            New
          </Link>
        </nav>
        <div className="flex-1" />
        {!onSession && (
          <div
            className={clsx(
              "mr-2",
              connection.state !== "live" &&
                "max-sm:order-last max-sm:mr-0 max-sm:basis-full max-sm:px-1.5 max-sm:pb-2",
            )}
          >
            <ConnectionNote connection={connection} />
          </div>
        )}
        <ThemeSwitch />
      </header>
      <main id="main" tabIndex={-1} className="flex min-h-0 flex-1 flex-col outline-none">
        {connection.state === "signed-out" ? <SignedOut /> : <Outlet />}
      </main>
    </div>
  )
}

/** `(2) agentz`: seen in the tab strip when something waits for an answer. */
function useTitleCount(needsYou: number): void {
  useEffect(() => {
    const count = needsYou > 0 ? `(${needsYou}) ` : ""
    const apply = () => {
      const bare = document.title.replace(/^\(\d+\) /, "")
      if (document.title !== count + bare) document.title = count + bare
    }
    apply()
    const title = document.querySelector("title")
    if (!title) return
    // Pages set their own titles; the count is put back in front.
    const observer = new MutationObserver(apply)
    observer.observe(title, { childList: true })
    return () => observer.disconnect()
  }, [needsYou])
}

import { createRootRoute, Link, Outlet, useMatchRoute, useNavigate } from "@tanstack/react-router"
import clsx from "clsx"
import { Command as CommandIcon, Plus, Search } from "lucide-react"
import { lazy, type ReactNode, Suspense, useEffect, useState } from "react"
import { useCommands, useKeys } from "./-app/commands.ts"
import { useListed, useSessionList } from "./-app/live.ts"
import { useListedRuns } from "./-app/live-runs.ts"
import { useNotices } from "./-app/notices.ts"
import { askingRuns } from "./-app/run-order.ts"
import { applySettings, changeSettings, useSettings } from "./-app/settings.ts"
import { useTabMarks } from "./-app/tab-marks.ts"
import { useTheme } from "./-app/theme.ts"
import { useToast } from "./-app/toast.ts"
import { ConnectionNote } from "./-components/connection-note.tsx"
import { KeysOf } from "./-components/key-caps.tsx"
import { SignedOut } from "./-components/signed-out.tsx"
import { ThemeSwitch } from "./-components/theme-switch.tsx"
import { UndoNote } from "./-components/undo-note.tsx"

export const Route = createRootRoute({ component: Frame })

const Palette = lazy(() => import("./-components/palette.tsx"))
const KeySheet = lazy(() => import("./-components/key-sheet.tsx"))

function Frame() {
  const connection = useListed((list) => list.connection)
  const [open, setOpen] = useState<"palette" | "keys" | null>(null)
  useKeys()
  useAppCommands(setOpen)
  useEffect(applySettings, [])
  // The page of a session or a run says how its own stream is doing; two of these would say the same thing twice.
  const matches = useMatchRoute()
  const others = ["/w/new", "/w/starters"] as const
  const onRun = matches({ to: "/w/$runId" }) !== false && others.every((to) => matches({ to }) === false)
  const ownNote = onRun || matches({ to: "/s/$sessionId" }) !== false
  return (
    <div className="flex h-dvh flex-col">
      <a href="#main" className="control fixed top-1 left-1 z-50 -translate-y-20 focus:translate-y-0">
        Skip to content
      </a>
      <header className="flex min-h-11 shrink-0 flex-wrap items-center gap-x-1 border-b border-line px-3 touch:min-h-13">
        <Link
          to="/"
          className="rounded-md px-1.5 py-1 font-semibold tracking-tight max-sm:sr-only touch:py-3"
        >
          agentz
        </Link>
        <nav aria-label="Main" className="flex items-center gap-0.5 text-row sm:ml-2 sm:gap-1">
          <MainLink to="/" exact>
            Sessions
          </MainLink>
          <MainLink to="/inbox">
            Inbox
            <NeedsYou />
          </MainLink>
          <MainLink to="/w">
            <span className="max-[27rem]:hidden">Workflows</span>
            <span className="hidden max-[27rem]:inline">Runs</span>
          </MainLink>
          <MainLink to="/usage" roomy>
            Usage
          </MainLink>
          <MainLink to="/new">
            <Plus size={14} aria-hidden className="mr-1 inline max-sm:hidden" />
            New
          </MainLink>
        </nav>
        <div className="flex-1" />
        {!ownNote && (
          <div
            className={clsx(
              "mr-2",
              connection.state === "live"
                ? "max-sm:hidden"
                : "max-sm:order-last max-sm:mr-0 max-sm:basis-full max-sm:px-1.5 max-sm:pb-2",
            )}
          >
            <ConnectionNote connection={connection} />
          </div>
        )}
        <Link
          to="/search"
          className="grid size-8 place-items-center rounded-md text-quiet hover:bg-sunken hover:text-ink data-[status=active]:text-ink touch:size-11"
          aria-label="Search"
        >
          <Search size={16} aria-hidden />
        </Link>
        <button
          type="button"
          className="flex h-8 items-center gap-2 rounded-md px-2 text-quiet hover:bg-sunken hover:text-ink touch:size-11 touch:justify-center touch:px-0"
          aria-label="Commands"
          onClick={() => setOpen("palette")}
        >
          <CommandIcon size={16} aria-hidden />
          <KeysOf command="palette" />
        </button>
        <span className="max-sm:hidden">
          <ThemeSwitch />
        </span>
      </header>
      <main id="main" tabIndex={-1} className="flex min-h-0 flex-1 flex-col outline-none">
        {connection.state === "signed-out" ? <SignedOut /> : <Outlet />}
      </main>
      <Toast />
      <UndoNote />
      <Marks />
      <Suspense>
        {open === "palette" && <Palette onClose={() => setOpen(null)} />}
        {open === "keys" && <KeySheet onClose={() => setOpen(null)} />}
      </Suspense>
    </div>
  )
}

function NeedsYou() {
  const sessions = useListed(({ entries }) =>
    [...entries.values()].reduce((sum, { status }) => sum + (status === "waiting" ? 1 : 0), 0),
  )
  const count = sessions + useListedRuns(({ entries }) => askingRuns(entries.values()))
  if (count === 0) return null
  return (
    <span className="ml-1.5 font-semibold text-needs figures" title={`${count} need you`}>
      {count}
    </span>
  )
}

/** What is seen of the sessions from outside the page. */
function Marks() {
  const { entries } = useSessionList()
  useTabMarks(entries)
  useNotices(entries)
  return null
}

function MainLink(props: {
  readonly to: "/" | "/inbox" | "/w" | "/usage" | "/new"
  readonly exact?: boolean
  /** Where there is no room for all of them it is reached by its command alone. */
  readonly roomy?: boolean
  readonly children: ReactNode
}) {
  return (
    <Link
      to={props.to}
      activeOptions={{ exact: props.exact ?? false, includeSearch: false }}
      className={clsx(
        "rounded-md px-2 py-1 whitespace-nowrap text-quiet hover:text-ink data-[status=active]:text-ink touch:py-3",
        props.roomy && "max-[27rem]:hidden",
      )}
    >
      {props.children}
    </Link>
  )
}

/** What can be done from everywhere. */
function useAppCommands(open: (what: "palette" | "keys") => void): void {
  const navigate = useNavigate()
  const { density } = useSettings()
  const [theme, toggleTheme] = useTheme()
  const other = density === "compact" ? "comfortable" : "compact"
  useCommands("app", [
    { id: "sessions", group: "Go to", title: "Sessions", run: () => void navigate({ to: "/" }) },
    { id: "inbox", group: "Go to", title: "Inbox", run: () => void navigate({ to: "/inbox" }) },
    { id: "runs", group: "Go to", title: "Workflows", run: () => void navigate({ to: "/w" }) },
    {
      id: "new-run",
      group: "Go to",
      title: "Start a run of a workflow",
      run: () => void navigate({ to: "/w/new" }),
    },
    {
      id: "starters",
      group: "Go to",
      title: "Schedules and webhooks",
      run: () => void navigate({ to: "/w/starters" }),
    },
    { id: "new", group: "Go to", title: "New session", run: () => void navigate({ to: "/new" }) },
    {
      id: "search",
      group: "Go to",
      title: "Search all sessions",
      run: () => void navigate({ to: "/search" }),
    },
    {
      id: "usage",
      group: "Go to",
      title: "Usage",
      run: () => void navigate({ to: "/usage" }),
    },
    {
      id: "settings",
      group: "Go to",
      title: "Settings",
      run: () => void navigate({ to: "/settings" }),
    },
    {
      id: "palette",
      group: "View",
      title: "All commands",
      whileTyping: true,
      run: () => open("palette"),
    },
    { id: "keys", group: "View", title: "Keys", run: () => open("keys") },
    {
      id: "theme",
      group: "View",
      title: theme === "dark" ? "Light colours" : "Dark colours",
      run: toggleTheme,
    },
    {
      id: "density",
      group: "View",
      title: other === "compact" ? "Compact rows" : "Comfortable rows",
      run: () => changeSettings({ density: other }),
    },
  ])
}

function Toast() {
  const words = useToast()
  return (
    <div
      role="status"
      className="pointer-events-none fixed inset-x-0 bottom-20 z-40 flex justify-center px-4"
    >
      {words && (
        <span className="rounded-md bg-accent px-3 py-1.5 text-row text-accent-ink shadow-md">{words}</span>
      )}
    </div>
  )
}

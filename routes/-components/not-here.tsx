import { Link } from "@tanstack/react-router"

/** An address that leads to nothing we know. Says so and offers the ways on. */
export function NotHere({ what, detail }: { readonly what: string; readonly detail?: string | undefined }) {
  return (
    <div className="mx-auto w-full max-w-xl px-4 py-16">
      <h1 className="text-lg font-semibold">{what} is not on this machine</h1>
      <p className="mt-2 text-quiet">
        {detail ?? "The link may be from another machine, or the session may have been removed."}
      </p>
      <search>
        <form action="/" method="get" className="mt-6 flex items-center gap-2">
          <input
            className="field h-9"
            type="search"
            name="q"
            aria-label="Search sessions"
            placeholder="Search sessions"
          />
          <button type="submit" className="control h-9">
            Search
          </button>
        </form>
      </search>
      <p className="mt-4">
        <Link to="/" className="underline underline-offset-2">
          All sessions
        </Link>
      </p>
    </div>
  )
}

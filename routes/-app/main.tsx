import { createRouter, RouterProvider } from "@tanstack/react-router"
import { StrictMode } from "react"
import { createRoot } from "react-dom/client"
import { BrokenPage } from "../-components/broken-page.tsx"
import { NotHere } from "../-components/not-here.tsx"
import { routeTree } from "../routeTree.gen.ts"
import { headStart } from "./head-start.ts"

headStart(location.pathname)

const router = createRouter({
  routeTree,
  defaultPreload: "intent",
  scrollRestoration: true,
  defaultErrorComponent: BrokenPage,
  defaultNotFoundComponent: () => <NotHere what="This page" />,
})

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router
  }
}

/** What the document brought stays until there is a page to put in its place. */
void router.load().then(() => {
  const root = document.getElementById("root")
  if (root)
    createRoot(root).render(
      <StrictMode>
        <RouterProvider router={router} />
      </StrictMode>,
    )
})

/**
 * The programs as they are started: each with all it needs in a few files, so that a start reads those and not hundreds.
 * What is published as a library, and what these load by its place in `dist`, is built beside them, module by module.
 */
import { relative } from "node:path"
import { fileURLToPath } from "node:url"
import { defineConfig } from "rolldown"

const root = fileURLToPath(new URL(".", import.meta.url))

/** A module finds the files beside it as if it had not been moved: programs lie in `dist/programs`, without folders. */
const placesOfModules = {
  name: "places-of-modules",
  transform: {
    filter: { code: "import.meta.url", id: /^(?!.*node_modules)/ },
    handler: (code, id) => {
      const place = `../${relative(root, id).replace(/[.]ts$/, ".js")}`
      return code.replaceAll("import.meta.url", `new URL(${JSON.stringify(place)}, import.meta.url).href`)
    },
  },
}

export default defineConfig({
  input: {
    agentz: "src/cli/main.ts",
    daemon: "daemon/main.ts",
    snapshots: "src/folds/snapshots-main.ts",
    streams: "src/stream-server-main.ts",
    worker: "src/workflows/worker/main.ts",
  },
  platform: "node",
  // It loads a library of this machine.
  external: ["lmdb"],
  transform: { target: "node20.19" },
  resolve: { conditionNames: ["agentz-source", "node", "import"] },
  plugins: [placesOfModules],
  output: { format: "esm", entryFileNames: "[name].js", chunkFileNames: "[name]-[hash].js" },
})

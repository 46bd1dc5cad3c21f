import { readFile, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { brotliCompress, constants, gzip } from "node:zlib"
import tailwindcss from "@tailwindcss/vite"
import { tanstackRouter } from "@tanstack/router-plugin/vite"
import react from "@vitejs/plugin-react"
import { defaultClientConditions, defineConfig, type Plugin } from "vite"

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url))
const api = { target: `http://127.0.0.1:${process.env.AGENTZ_PORT ?? "4200"}` }

export default defineConfig({
  root: here("routes"),
  publicDir: here("routes/-public"),
  cacheDir: here(".cache/vite"),
  build: {
    outDir: here("dist/ui"),
    emptyOutDir: true,
    target: "es2023",
    // Inlined assets would be `data:` URLs, which the content security policy allows for images only.
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 700,
    rolldownOptions: {
      output: {
        codeSplitting: {
          // What every page needs is one file, not a dozen of what some two parts have in common.
          groups: [{ name: "page", tags: ["$initial"] }],
        },
      },
    },
  },
  resolve: {
    conditions: ["agentz-source", ...defaultClientConditions],
    alias: {
      "rehype-raw": here("routes/-app/no-plugin.ts"),
      "rehype-harden": here("routes/-app/no-plugin.ts"),
    },
  },
  worker: { format: "es" },
  server: { proxy: { "/trpc": api, "/v1": api } },
  plugins: [
    tanstackRouter({
      target: "react",
      routesDirectory: here("routes"),
      generatedRouteTree: here("routes/routeTree.gen.ts"),
      routeFileIgnorePattern: "routeTree\\.gen",
      addExtensions: true,
      quoteStyle: "double",
      semicolons: false,
      autoCodeSplitting: true,
      // The list is what most come for: its code is not asked for only when that of every page has run.
      codeSplittingOptions: { splitBehavior: ({ routeId }) => (routeId === "/" ? [] : undefined) },
    }),
    react(),
    tailwindcss(),
    onlyNeeded(),
    precompress(),
  ],
})

/** What `@pierre/diffs` could load and never does here: other highlighters, other themes, every grammar there is. */
const NEVER_LOADED =
  /^(@pierre\/highlights(\/.*)?|@pierre\/theming\/themes|shiki\/wasm|shiki\/engine\/oniguruma)$|\/backends\/highlights\.js$/

function onlyNeeded(): Plugin {
  const nothing = "\0nothing"
  return {
    name: "only-needed",
    enforce: "pre",
    resolveId(id, importer) {
      if (!importer?.includes("@pierre/diffs")) return null
      if (id === "shiki/langs") return here("routes/-app/languages.ts")
      return NEVER_LOADED.test(id) ? nothing : null
    },
    load: (id) => (id === nothing ? "export {}" : null),
  }
}

/** Writes `.br` and `.gz` beside every text asset, so that the server never compresses while it serves. */
function precompress(): Plugin {
  const smallest = {
    br: (bytes: Uint8Array) =>
      promisify(brotliCompress)(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }),
    gz: (bytes: Uint8Array) => promisify(gzip)(bytes, { level: 9 }),
  }
  return {
    name: "precompress",
    apply: "build",
    async writeBundle({ dir }, bundle) {
      const names = Object.keys(bundle).filter((name) => /\.(js|css|html|svg)$/.test(name))
      await Promise.all(
        names.map(async (name) => {
          const file = join(dir ?? "", name)
          const bytes = await readFile(file)
          for (const [extension, compress] of Object.entries(smallest))
            await writeFile(`${file}.${extension}`, await compress(bytes))
        }),
      )
    },
  }
}

import { defineConfig } from "vitest/config"

// `npm run check` runs the unit project alone; `npm test` builds first and runs all of them.
const conditions = ["agentz-source"]
const shared = { environment: "node" as const, pool: "forks" as const }

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions: [...conditions, "node", "import"] } },
  test: {
    projects: [
      {
        extends: true,
        test: {
          ...shared,
          name: "unit",
          include: ["tests/{streams,daemon,src,routes,house}/**/*.test.ts"],
          testTimeout: 60_000,
        },
      },
      {
        extends: true,
        test: {
          ...shared,
          name: "conformance",
          include: ["tests/conformance/**/*.test.ts"],
          testTimeout: 60_000,
        },
      },
      {
        extends: true,
        test: {
          ...shared,
          name: "agents",
          include: ["tests/agents/**/*.test.ts"],
          testTimeout: 200_000,
          hookTimeout: 60_000,
          maxWorkers: 1,
          fileParallelism: false,
        },
      },
      {
        extends: true,
        test: {
          ...shared,
          name: "e2e",
          include: ["tests/e2e/**/*.test.ts"],
          testTimeout: 180_000,
          hookTimeout: 60_000,
          // Where others load the machine, a deadline may be missed. What passed at its second try only is named.
          retry: process.env.AGENTZ_TEST_RETRY === "1" ? 1 : 0,
          // They wait more than they work; more at once than two would have each other miss its deadlines.
          maxWorkers: 2,
        },
      },
    ],
  },
})

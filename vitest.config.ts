import { defineConfig } from "vitest/config"

// `npm run check` runs the unit project alone; `npm test` builds first and runs them one after the other: some tests
// look for processes that others of their kind started.
const conditions = ["agentz-source"]
const shared = {
  environment: "node" as const,
  pool: "forks" as const,
  // On two cores as on many: those that start processes would have each other miss its deadlines.
  maxWorkers: 2,
  // Where others load the machine, a deadline may be missed. What passed at its second try only is named.
  retry: process.env.AGENTZ_TEST_RETRY === "1" ? 1 : 0,
}

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
          sequence: { groupOrder: 0 },
          include: ["tests/{streams,daemon,src,routes,house}/**/*.test.ts"],
          testTimeout: 60_000,
        },
      },
      {
        extends: true,
        test: {
          ...shared,
          name: "conformance",
          sequence: { groupOrder: 1 },
          include: ["tests/conformance/**/*.test.ts"],
          testTimeout: 60_000,
        },
      },
      {
        extends: true,
        test: {
          ...shared,
          name: "agents",
          sequence: { groupOrder: 3 },
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
          sequence: { groupOrder: 2 },
          include: ["tests/e2e/**/*.test.ts"],
          testTimeout: 180_000,
          hookTimeout: 60_000,
        },
      },
    ],
  },
})

import { defineConfig } from 'vitest/config';

const pure = ['unit', 'property', 'contract', 'repo'];

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: pure.map((folder) => `test/${folder}/**/*.test.ts`),
          testTimeout: 30_000,
        },
      },
      {
        // Each file starts a control plane of its own and waits most of the time: two at once, or two cores drown.
        test: {
          name: 'integration',
          include: ['test/integration/**/*.test.ts', 'test/crds/**/*.test.ts'],
          testTimeout: 120_000,
          hookTimeout: 180_000,
          maxWorkers: 2,
          // Stories of one file that wait for the same windows wait together.
          maxConcurrency: 12,
        },
      },
      {
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          testTimeout: 300_000,
          hookTimeout: 300_000,
          fileParallelism: false,
        },
      },
    ],
  },
});

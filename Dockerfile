# The operator's image. test/integration/dockerfile.test.ts runs these steps in a clean directory, without a container engine.

FROM node:24.21.0-trixie-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
# Without scripts: the only one is that of the package "node", which brings Node to machines that have another one.
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY tsconfig.json tsconfig.build.json ./
COPY src ./src
RUN npm run build
RUN npm prune --omit=dev --ignore-scripts --no-audit --no-fund

# No shell, no package manager.
FROM gcr.io/distroless/nodejs24-debian13:nonroot
WORKDIR /app
ENV NODE_ENV=production
# glibc gives the buffers of a filled cache back to the system: 20 MiB of 50,000 items' (docs/performance.md).
ENV MALLOC_ARENA_MAX=1 MALLOC_MMAP_THRESHOLD_=12288 MALLOC_MMAP_MAX_=1000000
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
# By number, so that runAsNonRoot can be checked. The files belong to root: nothing here can be written.
USER 65532:65532
EXPOSE 8080 8081
# A small young generation: V8's default costs a hundred megabytes while caches fill (docs/adr/0003).
ENTRYPOINT ["/nodejs/bin/node", "--max-semi-space-size=8", "dist/main.js"]

# The hub with its page. Build from the root of the repository:
#   docker build -f docker/hub.Dockerfile -t watchkeeper/hub .
# Run it alone (embedded Postgres) or, better, with docker/compose.yaml:
#   docker run --init -p 127.0.0.1:3000:3000 -e WATCHKEEPER_ALLOW_HTTP=1 -v watchkeeper:/data watchkeeper/hub
FROM node:24.21.0-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
COPY web/package.json web/
RUN npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
COPY . .
# The image brings its own Node.js: the pinned one of the packages would be 190 MB for nothing.
RUN npm run build && npm prune --omit=dev --ignore-scripts --loglevel=error && rm -rf node_modules/node-linux-*

FROM node:24.21.0-bookworm-slim
WORKDIR /app
ENV NODE_ENV=production HOST=0.0.0.0 PORT=3000 DATA_DIR=/data
RUN install -d -m 0700 -o 1000 -g 1000 /data
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules node_modules/
COPY --from=build /app/web/build web/build/
COPY --from=build /app/web/build-graphiql web/build-graphiql/
COPY --from=build /app/dist dist/
COPY docker/check-health.mjs docker/
USER 1000:1000
VOLUME /data
EXPOSE 3000
HEALTHCHECK --interval=10s --timeout=5s --retries=6 CMD ["node", "docker/check-health.mjs"]
CMD ["node", "--min-semi-space-size=16", "--max-semi-space-size=16", "dist/src/main.js"]

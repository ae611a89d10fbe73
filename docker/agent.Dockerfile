# The agent of a watched machine: one file and Node.js. Build from the root of the repository:
#   docker build -f docker/agent.Dockerfile -t watchkeeper/agent .
# It reads the machine through /rootfs, read-only, and listens to nothing:
#   docker run -d --init --network host --pid host --read-only --cap-drop ALL -v /:/rootfs:ro,rslave \
#     -v watchkeeper-spool:/spool -e WATCHKEEPER_URL=https://hub.example.org -e WATCHKEEPER_KEY=wk_... watchkeeper/agent
FROM node:24.21.0-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
COPY web/package.json web/
RUN npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
COPY . .
RUN node scripts/build-agent.mjs

FROM node:24.21.0-bookworm-slim
WORKDIR /app
ENV NODE_ENV=production WATCHKEEPER_ROOTFS=/rootfs WATCHKEEPER_SPOOL=/spool
COPY --from=build /app/dist/agent.cjs ./
# Reports wait here until the hub has them: the volume outlives the container.
RUN install -d -m 0700 -o 65534 -g 65534 /spool
VOLUME /spool
USER 65534:65534
CMD ["node", "--max-old-space-size=48", "--max-semi-space-size=1", "agent.cjs"]

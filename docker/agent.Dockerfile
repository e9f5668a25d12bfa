# An agent. Build it from the root of the checkout:
#   docker build -f docker/agent.Dockerfile -t millrace-agent .
FROM node:20-slim AS build
WORKDIR /millrace
COPY . .
RUN npm install --no-audit --no-fund && npx tsc -b apps/agent

FROM node:20-slim AS packages
WORKDIR /millrace
COPY . .
RUN npm install --omit=dev --workspace @millrace/agent --no-audit --no-fund

FROM node:20-slim
ENV NODE_ENV=production MILLRACE_DATA=/data
WORKDIR /millrace
COPY --from=packages /millrace ./
COPY --from=build /millrace/libs ./libs
COPY --from=build /millrace/apps/agent/dist ./apps/agent/dist
# What makes a node itself lies in /data: identity, flows, models, what waits for the director.
RUN install -d -o node -g node -m 0700 /data
USER node
VOLUME /data
CMD ["node", "apps/agent/dist/main.js"]

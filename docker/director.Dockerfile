# The director and its jobs: one image, two commands. Build it from the root of the checkout:
#   docker build -f docker/director.Dockerfile -t millrace-director .
FROM node:20-slim AS build
WORKDIR /millrace
COPY . .
RUN node scripts/build.mjs

FROM node:20-slim AS packages
WORKDIR /millrace
COPY . .
RUN npm install --omit=dev --workspace @millrace/director --no-audit --no-fund

FROM node:20-slim
ENV NODE_ENV=production MILLRACE_DATA=/data
WORKDIR /millrace
COPY --from=packages /millrace ./
COPY --from=build /millrace/libs ./libs
COPY --from=build /millrace/apps/director/dist ./apps/director/dist
COPY --from=build /millrace/apps/studio/dist/site ./apps/studio/dist/site
RUN install -d -o node -g node -m 0700 /data
USER node
VOLUME /data
EXPOSE 8080
HEALTHCHECK --start-period=60s CMD ["node", "-e", "fetch('http://127.0.0.1:8080/readyz').then((a) => process.exit(a.ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "apps/director/dist/main.js"]

# syntax=docker/dockerfile:1
FROM node:26-slim AS build
WORKDIR /source
COPY . .
RUN npm ci --no-audit --no-fund
# The npm package, with the exact versions of package-lock.json beside it.
RUN npm pack --silent && mkdir /app && tar -xzf longtake-*.tgz -C /app --strip-components=1 && cp .npmrc package-lock.json /app/
WORKDIR /app
RUN npm ci --omit=dev --no-audit --no-fund
# The folder of the embedded database, for those who mount a volume there.
RUN mkdir data

FROM node:26-slim
ENV NODE_ENV=production HOST=0.0.0.0 NODE_OPTIONS=--max-semi-space-size=8
WORKDIR /app
COPY --from=build /app ./
RUN chown node:node data && ln -s /app/dist/gateway/cli.js /usr/local/bin/longtake
USER node
EXPOSE 4000
HEALTHCHECK --interval=10s --timeout=3s --start-period=5s \
  CMD ["node", "-e", "fetch('http://127.0.0.1:' + (process.env.PORT || 4000) + (process.env.BASE_PATH || '') + '/ready').then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
CMD ["longtake", "start"]

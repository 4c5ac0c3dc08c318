/** The composition root: creates each long-lived service once, in the order of their dependencies. */

import { createAuthenticator } from './auth/authenticator.ts';
import { createCallbackHandler } from './callbacks/handler.ts';
import { createToClientError } from './client-errors.ts';
import type { Config } from './config.ts';
import { followChanges } from './delivery/changes.ts';
import { createCursors } from './delivery/cursor.ts';
import { createHub } from './delivery/hub.ts';
import { createReader } from './delivery/reader.ts';
import { createFastPaths } from './fast/index.ts';
import { startKeeping } from './files/keeping.ts';
import { schema } from './schema/index.ts';
import { createSequences } from './sequences/sequences.ts';
import { createShutdown } from './server/graceful-shutdown.ts';
import { createResultSizeLimit } from './server/graphql/result-size.ts';
import { createSubscribe } from './server/graphql/subscribe.ts';
import { readTrustedDocuments } from './server/graphql/trusted-documents.ts';
import { createGraphQL } from './server/graphql/yoga.ts';
import { createConnectionDrain } from './server/http/connection-drain.ts';
import { createGraphiQL } from './server/http/graphiql.ts';
import { createMetricsEndpoint } from './server/http/metrics-endpoint.ts';
import { createHttpServer } from './server/http/server.ts';
import { listen } from './server/listen.ts';
import { createOriginCheck } from './server/origin-check.ts';
import { createQuota } from './server/quota.ts';
import { serveWebSockets } from './server/websocket/server.ts';
import { findWarnings, toFacts } from './startup-warnings.ts';
import { toAllowance } from './store/allowance.ts';
import { openDatabase, toPoolOptions } from './store/database.ts';
import { prepareStore } from './store/prepare-store.ts';
import { createVideoLoader } from './store/video-loader.ts';
import { createForecast } from './submit/forecast.ts';
import { createSubmitter } from './submit/submitter.ts';
import { createDatabaseReadings } from './telemetry/database-readings.ts';
import { createDeliverySpans } from './telemetry/delivery-spans.ts';
import { createLog } from './telemetry/log.ts';
import { observeCalls } from './telemetry/observed-upstream.ts';
import { createPrometheusMetrics } from './telemetry/prometheus.ts';
import { createRequestCounts } from './telemetry/request-counts.ts';
import { NO_TRACING, type Tracing } from './telemetry/tracing.ts';
import { createReadiness } from './upkeep/readiness.ts';
import { createRefresher } from './upkeep/refresher.ts';
import { startUpkeep } from './upkeep/upkeep.ts';
import { createUpstreamClient } from './upstream/client.ts';
import { findProxy } from './upstream/outbound-proxy.ts';
import { version } from './version.ts';

export interface Gateway {
  /** The address of its endpoints: `http://host:port`, and BASE_PATH. */
  readonly url: string;
  /**
   * Drains: refuses new work, finishes submits and answers in progress, disconnects clients so that they
   * reconnect to another replica, and closes everything. Takes at most `SHUTDOWN_TIMEOUT_MS` and 3 s.
   *
   * Resolves with false when a thread still waits for the disk or the terminal, for which
   * `process.exit` would wait too.
   */
  close(): Promise<boolean>;
}

/**
 * @param signal stops waiting for another process that migrates the database.
 * @throws Error with a message for the operator when the database cannot be used or the port is taken.
 */
export async function startGateway(config: Config, signal?: AbortSignal): Promise<Gateway> {
  let tracing: Tracing = NO_TRACING;
  const { log, output } = createLog(config, config.TRACING ? () => tracing.traceId() : null);
  if (config.TRACING) {
    const { startTracing } = await import('./telemetry/opentelemetry.ts');
    tracing = startTracing(version, log);
  }
  const trusted = readTrustedDocuments(config.TRUSTED_DOCUMENTS);
  const pool = toPoolOptions(config);
  const {
    db,
    id: databaseId,
    close: closeDatabase,
  } = await openDatabase(config.DATABASE_URL, pool, {
    onWait: () => log.info('waiting: another process migrates the database'),
    ...(signal && { signal }),
  });
  // Closes what is open when a later step fails. From `listen` on, `release` does.
  await using opened = new AsyncDisposableStack();
  opened.defer(closeDatabase);
  await prepareStore(db, config);
  const limitResultSize = createResultSizeLimit(config.MAX_ANSWER_BYTES);
  const fast = createFastPaths(config, schema, limitResultSize);
  const hub = createHub(fast.videoCache);
  const listener = await followChanges(config, pool, hub, log);
  opened.defer(async () => listener?.close());

  const isDatabaseReady = createReadiness(db, log);
  const subscriptions = createQuota(config.OWNER_SUBSCRIPTIONS, config.MAX_SUBSCRIPTIONS);
  const requests = createRequestCounts(schema);
  const metrics = createPrometheusMetrics(version, requests, {
    sockets: () => sockets.count,
    subscriptions: () => subscriptions.total,
    ...createDatabaseReadings(db, config),
    breakerSeconds: () => submitter.breakerSeconds,
    isDatabaseReady,
    droppedLogLines: () => output.dropped,
  });
  opened.defer(metrics.close);
  const client = createUpstreamClient({
    url: config.UPSTREAM_URL,
    apiKey: config.APIKLEY_API_KEY,
    timeoutMs: config.UPSTREAM_TIMEOUT_MS,
    proxy: findProxy(config.UPSTREAM_URL, config),
    logger: log,
  });
  const upstream = observeCalls(client, metrics, tracing);
  let url = '';
  const publicUrl = () => config.PUBLIC_URL ?? url;
  const common = { db, hub, log, config, publicUrl };
  const ends = { db, reader: createReader(db), hub, metrics, log };
  const submitter = createSubmitter({ ...common, ...ends, upstream, tracing });
  const forecast = createForecast({ db, hub, allowance: toAllowance('submit', config) });
  const videoLoader = createVideoLoader(db, fast.videoCache);
  const refresher = createRefresher({ ...ends, videoLoader, upstream, log, config });
  const keeping = await startKeeping({ ...common, metrics });
  const upkeep = startUpkeep({ ...ends, upstream, tracing, log, config });

  let isDraining = false;
  const services = {
    db,
    cursors: createCursors(databaseId),
    hub,
    reader: ends.reader,
    submitter,
    sequences: createSequences({ ...ends, config }),
    forecast,
    refresher,
    foreignVideos: config.FOREIGN_VIDEOS,
    finished: fast.videoCache,
    files: keeping.files,
    videoLoader,
    traceDelivery: createDeliverySpans(db, tracing),
    log,
  };
  const toClientError = createToClientError(log, config.INTROSPECTION);
  const subscribe = createSubscribe(requests, fast.executeEvent);
  const yoga = createGraphQL({
    services,
    config,
    toClientError,
    trusted,
    requests,
    subscribe,
    limitResultSize,
  });
  const authenticator = createAuthenticator(config, log);
  const originCheck = createOriginCheck({ config, isOpen: authenticator.isOpen, publicUrl });
  const entry = {
    yoga,
    authenticator,
    originCheck,
    toClientError,
    subscriptions,
    requests,
    tracing,
  };
  const server = createHttpServer(
    {
      ...entry,
      answerDirectly: fast.createAnswerDirectly({
        yoga,
        services,
        toClientError,
        trusted,
        requests,
        limitResultSize,
      }),
      waitForBatch: fast.waitForBatch,
      sendGraphiQL: config.GRAPHIQL ? createGraphiQL() : null,
      handleCallback: createCallbackHandler({
        ...ends,
        log,
        config,
        redact: upstream.redact,
        wakeReconciler: upkeep.wakeReconciler,
        tracing,
      }),
      sendMetrics: createMetricsEndpoint({
        metrics,
        token: config.METRICS_TOKEN,
        isOpen: authenticator.isOpen,
        originCheck,
      }),
      serveFile: keeping.serveFile,
      basePath: config.BASE_PATH,
      keepAliveMs: config.KEEP_ALIVE_MS,
      longestAnswerMs: config.SUBMIT_MAX_WAIT_MS + config.UPSTREAM_TIMEOUT_MS,
      isReady: async () => !isDraining && (await isDatabaseReady()),
    },
    log,
  );
  const connections = createConnectionDrain(server);
  const sockets = serveWebSockets(server, { ...entry, services, trusted, subscribe, config });

  async function release(isLate = false): Promise<void> {
    hub.close();
    forecast.close();
    submitter.close();
    metrics.close();
    await Promise.all([upkeep.stop(), keeping.stop()]);
    // Waits for running calls. A submit that is abandoned here is an orphan at the next start.
    const upstreamClosed = upstream.close();
    if (!isLate) await upstreamClosed;
    await listener?.close();
    await closeDatabase();
    await tracing.close();
  }

  async function drain(): Promise<void> {
    // Keep the HTTP server until the submits are settled, because their callbacks may arrive meanwhile.
    const socketsClosed = sockets.close();
    await submitter.drain();
    await Promise.all([socketsClosed, connections.close()]);
  }

  // Checks that the database can be written, so that a full disk is logged at start-up.
  await isDatabaseReady();
  opened.move();
  try {
    url = (await listen(server, config.HOST, config.PORT)) + config.BASE_PATH;
  } catch (error) {
    await release();
    throw error;
  }

  submitter.start();
  log.info(toFacts(config, url), 'listening');
  for (const { message, ...warning } of findWarnings(config, url)) log.warn(warning, message);

  const close = createShutdown({
    config,
    log,
    output,
    begin() {
      isDraining = true;
    },
    drain,
    cutOff: connections.destroy,
    release,
  });
  return { url, close };
}

/** Keeps copies of finished files, if `KEEP_URL` is set. */

import { randomBytes } from 'node:crypto';
import type { Logger } from 'pino';
import type { Config } from '../config.ts';
import type { Hub } from '../delivery/hub.ts';
import { endCopyLeases } from '../store/copies.ts';
import { isShared } from '../store/database.ts';
import { takeMeta } from '../store/meta.ts';
import type { Database } from '../store/schema.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { within } from '../within.ts';
import { startCopier } from './copier.ts';
import { openOwnDestination } from './destination-mark.ts';
import { createFilesOf, type FilesOf, upstreamFiles } from './files-of.ts';
import { createLinks } from './links.ts';
import { createLostCopies } from './lost-copies.ts';
import { removeCopies } from './remover.ts';
import { createServeFile, type ServeFile } from './serve.ts';
import { createTransferThread } from './transfer-thread.ts';

/** What requests need. */
export interface Files {
  /** Where the files of a video are. */
  readonly of: FilesOf;
  /** Resolves when the copies of a deleted video are removed, or after 5 s. Any that are left are removed later. */
  readonly removeCopies: (videoId: string) => Promise<void>;
}

export interface Keeping {
  readonly files: Files;
  /** Null: the gateway serves no files. */
  readonly serveFile: ServeFile | null;
  /** Resolves when no copy is running. */
  stop(): Promise<void>;
}

const OFF: Keeping = {
  files: { of: upstreamFiles, removeCopies: async () => {} },
  serveFile: null,
  stop: async () => {},
};

/** How long a client waits for the destination. */
const PATIENCE_MS = 5_000;

export interface KeepingParts {
  readonly db: Database;
  readonly hub: Hub;
  readonly metrics: Metrics;
  readonly log: Logger;
  readonly config: Config;
  readonly publicUrl: () => string;
}

export async function startKeeping(parts: KeepingParts): Promise<Keeping> {
  const { db, log, config, publicUrl } = parts;
  if (!config.KEEP_URL) return OFF;
  const destination = await openOwnDestination(db, config.KEEP_URL, config);
  const key = await takeMeta(db, 'file_url_key', randomBytes(32).toString('base64url'));
  const links = createLinks(key, publicUrl);
  const lostCopies = createLostCopies({ ...parts, destination });
  // A bucket serves the copies itself, so the gateway does not see which are missing.
  const sign = destination.toUrl;
  const toUrl =
    sign &&
    ((name: string, until: number) => {
      lostCopies.checkLater(name);
      return sign(name, until);
    });
  const transfers = createTransferThread(
    { ...config, KEEP_URL: config.KEEP_URL },
    destination,
    log,
  );
  // SQLite has only this process, so every earlier copier has died.
  if (!isShared(config.DATABASE_URL)) await endCopyLeases(db);
  const copier = startCopier({
    ...parts,
    destination,
    transfers,
  });
  return {
    files: {
      of: createFilesOf(toUrl ?? links.toUrl, {
        keepDays: config.KEEP_DAYS,
        retentionDays: config.RETENTION_DAYS,
      }),
      async removeCopies(videoId) {
        const removing = removeCopies({ db, destination, log }, videoId).catch((error: unknown) =>
          log.error({ video: videoId, err: error }, 'a copy could not be removed; retrying'),
        );
        await within(PATIENCE_MS, removing, undefined);
      },
    },
    serveFile: destination.toPath
      ? createServeFile({ links, toPath: destination.toPath, checkMissing: lostCopies.check })
      : null,
    async stop() {
      await Promise.all([copier.stop(), lostCopies.stop()]);
      await transfers.close();
      destination.close();
    },
  };
}

/** What `import 'longtake'` gives: a gateway within another program. */

import { EnvironmentError, readConfig, type VariableName } from './config.ts';
import { startGateway as start } from './gateway.ts';

export { EnvironmentError };

/** The environment variables of docs/configuration.md. */
export type GatewayConfig = Readonly<Partial<Record<VariableName, string | number | undefined>>>;

export interface Gateway {
  /** The address of its endpoints: `http://host:port`, and `BASE_PATH`. */
  readonly url: string;
  /**
   * Finishes submits and answers in progress, disconnects clients and closes everything. Takes at most
   * `SHUTDOWN_TIMEOUT_MS` and 3 s. Resolves with false if a thread is still blocked by the disk or the
   * terminal.
   */
  close(): Promise<boolean>;
}

/**
 * Opens and migrates the database, and listens on `HOST` and `PORT`. Does not read `process.env`.
 *
 * @param signal stops waiting for another process that migrates the database.
 * @throws EnvironmentError whose message names every invalid variable.
 * @throws Error if the database or the port cannot be used.
 */
export async function startGateway(config: GatewayConfig, signal?: AbortSignal): Promise<Gateway> {
  const entries = Object.entries(config).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, String(value)]],
  );
  return start(readConfig(Object.fromEntries(entries)), signal);
}

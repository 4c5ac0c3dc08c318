/** Error responses in JSON for requests that are refused before GraphQL begins. */

import type { ServerResponse } from 'node:http';
import { GatewayUnavailableError, RateLimitedError, UnauthenticatedError } from '../../errors.ts';

export function sendJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

export function sendErrors(response: ServerResponse, status: number, message: string): void {
  sendJson(response, status, { errors: [{ message, extensions: { code: 'BAD_REQUEST' } }] });
}

/** The HTTP status of an error before any GraphQL. */
export function toStatus(error: unknown): number {
  if (error instanceof UnauthenticatedError) return 401;
  if (error instanceof RateLimitedError) return 429;
  return error instanceof GatewayUnavailableError ? 503 : 500;
}

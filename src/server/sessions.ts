/** Whose a WebSocket is, from its acknowledgement to its end. */

import type { IncomingMessage } from 'node:http';
import { CloseCode } from 'graphql-ws';
import type { WebSocket } from 'ws';
import type { Authenticator } from '../auth/authenticator.ts';
import { atTime } from '../auth/expiry.ts';
import type { Identity } from '../auth/identity.ts';
import { Ending } from '../ending.ts';
import { GatewayUnavailableError } from '../errors.ts';
import type { Quota } from './quotas.ts';

/** RFC 6455's registry: the client should try again later. */
export const TRY_AGAIN_LATER = 1013;

export interface Session {
  readonly owner: string;
  readonly ending: Ending;
  /**
   * How to give back the place of each running operation, by its payload: its id may be used again
   * before its end has been heard of.
   */
  readonly places: Map<unknown, () => void>;
  readonly end: () => void;
}

export interface Sessions {
  /**
   * Begins the session of a socket that says who it is. False: the protocol's answer is a close with
   * 4403; other codes have been sent already.
   */
  begin(
    socket: WebSocket,
    request: IncomingMessage,
    params: Readonly<Record<string, unknown>> | undefined,
  ): Promise<boolean>;
  get(socket: WebSocket): Session | undefined;
}

/** A socket whose token ends is closed with 4403. */
export function createSessions(authenticator: Authenticator, perOwner: Quota): Sessions {
  const sessions = new WeakMap<WebSocket, Session>();

  async function begin(
    socket: WebSocket,
    request: IncomingMessage,
    params: Readonly<Record<string, unknown>> | undefined,
  ): Promise<boolean> {
    const given = params?.Authorization ?? params?.authorization;
    const authorization = typeof given === 'string' ? given : request.headers.authorization;
    let identity: Identity;
    try {
      identity = await authenticator.identify(authorization);
    } catch (error) {
      if (error instanceof GatewayUnavailableError)
        socket.close(TRY_AGAIN_LATER, 'Try again later');
      return false;
    }
    const leave = perOwner.take(identity.owner);
    if (!leave) {
      socket.close(TRY_AGAIN_LATER, 'Too many connections');
      return false;
    }
    const cancelExpiry =
      identity.expiresAt === null
        ? () => {}
        : atTime(identity.expiresAt, () => socket.close(CloseCode.Forbidden, 'Forbidden'));
    const session: Session = {
      owner: identity.owner,
      ending: new Ending(),
      places: new Map(),
      end() {
        cancelExpiry();
        leave();
        for (const giveBack of session.places.values()) giveBack();
        session.ending.end();
      },
    };
    sessions.set(socket, session);
    // The socket may have gone while its token was verified.
    if (socket.readyState !== socket.OPEN) session.end();
    return true;
  }

  return { begin, get: (socket) => sessions.get(socket) };
}

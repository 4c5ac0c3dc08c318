/** Sessions: the owner of a WebSocket, its quotas and the expiry of its token. */

import { CloseCode } from 'graphql-ws';
import type { Authenticator } from '../../auth/authenticator.ts';
import { atTime } from '../../auth/expiry.ts';
import type { Identity } from '../../auth/identity.ts';
import { Cancellation } from '../../cancellation.ts';
import { GatewayUnavailableError } from '../../errors.ts';
import type { Quota } from '../quota.ts';

/** Close code of RFC 6455's registry: the client should try again later. */
export const TRY_AGAIN_LATER = 1013;

/** The part of a WebSocket that a session needs. */
interface Closable {
  readonly isOpen: boolean;
  close(code: number, reason: string): void;
}

export interface Sessions {
  /** Null when refused: graphql-ws then closes with 4403, unless another code has been sent. */
  begin(socket: Closable, authorization: string | undefined): Promise<Session | null>;
}

/** The quotas shared by all sessions. */
interface Quotas {
  readonly sockets: Quota;
  readonly subscriptions: Quota;
}

/** A class, because thousands are open at a time. */
export class Session {
  readonly owner: string;
  readonly cancellation = new Cancellation();
  private readonly quotas: Quotas;
  private readonly cancelExpiry: (() => void) | null;
  private running = 0;

  constructor(owner: string, quotas: Quotas, cancelExpiry: (() => void) | null) {
    this.owner = owner;
    this.quotas = quotas;
    this.cancelExpiry = cancelExpiry;
  }

  /** Acquires a slot for an operation; false when the owner has too many. */
  acquireSlot(): boolean {
    if (this.cancellation.isCancelled || !this.quotas.subscriptions.acquire(this.owner))
      return false;
    this.running += 1;
    return true;
  }

  /** Does nothing after the end of the session, which has released all slots. */
  releaseSlot(): void {
    if (this.running === 0) return;
    this.running -= 1;
    this.quotas.subscriptions.release(this.owner);
  }

  end(): void {
    if (this.cancellation.isCancelled) return;
    this.cancelExpiry?.();
    this.quotas.sockets.release(this.owner);
    while (this.running > 0) this.releaseSlot();
    this.cancellation.cancel();
  }
}

/** Closes a WebSocket with 4403 when its token expires. */
export function createSessions(authenticator: Authenticator, quotas: Quotas): Sessions {
  return {
    async begin(socket, authorization) {
      let identity: Identity;
      try {
        identity = await authenticator.identify(authorization);
      } catch (error) {
        if (error instanceof GatewayUnavailableError)
          socket.close(TRY_AGAIN_LATER, 'Try again later');
        return null;
      }
      if (!quotas.sockets.acquire(identity.owner)) {
        socket.close(TRY_AGAIN_LATER, 'Too many connections');
        return null;
      }
      const { owner, expiresAt } = identity;
      const session = new Session(
        owner,
        quotas,
        expiresAt === null ? null : expire(socket, expiresAt),
      );
      // The client may have disconnected while the token was verified.
      if (!socket.isOpen) session.end();
      return session;
    },
  };
}

function expire(socket: Closable, expiresAt: number): () => void {
  return atTime(expiresAt, () => socket.close(CloseCode.Forbidden, 'Forbidden'));
}

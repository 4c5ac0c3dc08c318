/** The URLs under which the gateway serves copies. They are signed and expire. */

import { createHmac, timingSafeEqual } from 'node:crypto';

/** `/files/<video id>/<part>-<attempt>.<extension>` */
const PATH = /^\/+files\/+([0-9a-f-]{36}\/(?:film|cover)-\d+\.[a-z0-9]{2,5})\?(.*)$/s;

export interface Links {
  /** The URL of a copy until a time (epoch milliseconds). */
  toUrl(name: string, until: number): string;
  /** The copy that a request target names, and until when; null where the signature is wrong or has expired. */
  parse(target: string): { readonly name: string; readonly until: number } | null;
}

/**
 * @param key shared by all replicas.
 * @param publicUrl where browsers reach the gateway.
 */
export function createLinks(key: string, publicUrl: () => string): Links {
  function sign(name: string, seconds: number): string {
    return createHmac('sha256', key).update(`${name} ${seconds}`).digest('base64url');
  }

  return {
    toUrl(name, until) {
      const seconds = Math.floor(until / 1_000);
      return `${publicUrl()}/files/${name}?until=${seconds}&signature=${sign(name, seconds)}`;
    },
    parse(target) {
      const [, name, query] = PATH.exec(target) ?? [];
      if (name === undefined) return null;
      const params = new URLSearchParams(query);
      const seconds = Number(params.get('until'));
      const given = Buffer.from(params.get('signature') ?? '');
      const wanted = Buffer.from(sign(name, seconds));
      if (given.length !== wanted.length || !timingSafeEqual(given, wanted)) return null;
      const until = seconds * 1_000;
      return until > Date.now() ? { name, until } : null;
    },
  };
}

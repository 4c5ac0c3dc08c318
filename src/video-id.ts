/** The ids of videos. Clients take them for opaque; the gateway reads two facts out of them. */

import { randomUUID } from 'node:crypto';

const OWN = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const ELSEWHERE = 'task-';

let lastTime = 0;
let sequence = 0;

/**
 * A UUIDv7 (RFC 9562, 5.7 and 6.2, method 1): ids sort by the time at which they were made, and in
 * their order within one process.
 */
export function createVideoId(): string {
  const now = Date.now();
  sequence = now > lastTime ? 0 : sequence + 1;
  lastTime = Math.max(now, lastTime) + (sequence > 0xfff ? 1 : 0);
  sequence &= 0xfff;
  return toVideoId(lastTime, sequence);
}

/** The id of a moment in epoch milliseconds and a place among the 4,096 of that moment. */
export function toVideoId(time: number, place: number): string {
  const moment = time.toString(16).padStart(12, '0');
  const rank = place.toString(16).padStart(3, '0');
  // What follows the version is the same in a random UUID: the variant, and 62 random bits.
  const random = randomUUID().slice('xxxxxxxx-xxxx-4xxx-'.length);
  return `${moment.slice(0, 8)}-${moment.slice(8)}-7${rank}-${random}`;
}

/** When an id of the gateway's own was made, in epoch milliseconds; null for any other text. */
export function toCreationTime(id: string): number | null {
  return OWN.test(id) ? Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16) : null;
}

/** The id of a video that was not made through the gateway. */
export function toElsewhereId(taskId: string): string {
  return ELSEWHERE + Buffer.from(taskId).toString('base64url');
}

/** The upstream's task id that a client means by a key that the store does not know. */
export function toTaskId(key: string): string {
  if (!key.startsWith(ELSEWHERE)) return key;
  const encoded = key.slice(ELSEWHERE.length);
  const taskId = Buffer.from(encoded, 'base64url').toString();
  // A NUL is in no task id, and PostgreSQL would choke on it.
  return toElsewhereId(taskId) === key && !taskId.includes('\0') ? taskId : key;
}

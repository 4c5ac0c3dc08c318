/** Ids of videos and sequences. Opaque to clients; the gateway reads their time, or the task id of a foreign video. */

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

const SEQUENCE = 'sequence-';

/** Ids of sequences sort by time, too. */
export function createSequenceId(): string {
  return SEQUENCE + createVideoId();
}

export function isSequenceId(id: string): boolean {
  return id.startsWith(SEQUENCE) && OWN.test(id.slice(SEQUENCE.length));
}

/** Builds the id for a time in epoch milliseconds and a counter from 0 to 4,095 within it. */
export function toVideoId(time: number, place: number): string {
  const moment = time.toString(16).padStart(12, '0');
  const rank = place.toString(16).padStart(3, '0');
  // The variant and the 62 random bits after it are the same as in a random UUID.
  const random = randomUUID().slice('xxxxxxxx-xxxx-4xxx-'.length);
  return `${moment.slice(0, 8)}-${moment.slice(8)}-7${rank}-${random}`;
}

/** When one of the gateway's own ids was made, in epoch milliseconds; null for any other text. */
export function toCreationTime(id: string): number | null {
  return OWN.test(id) ? Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16) : null;
}

/** The id of a foreign video, one that was not made through the gateway. */
export function toForeignId(taskId: string): string {
  return ELSEWHERE + Buffer.from(taskId).toString('base64url');
}

/** The upstream's task id that a client means by an id that is not stored. */
export function toTaskId(key: string): string {
  if (!key.startsWith(ELSEWHERE)) return key;
  const encoded = key.slice(ELSEWHERE.length);
  const taskId = Buffer.from(encoded, 'base64url').toString();
  // No task id contains NUL, which PostgreSQL refuses.
  return toForeignId(taskId) === key && !taskId.includes('\0') ? taskId : key;
}

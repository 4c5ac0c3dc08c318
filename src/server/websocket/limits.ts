/** What one WebSocket may cost. The number of WebSockets is limited in `sessions.ts`. */

/** The longest message from a client, in bytes. */
export const MAX_MESSAGE_BYTES = 256 * 1024;
/** Fragments per message. Go clients send frames of 4 KiB, so that the longest message has 64 fragments. */
export const MAX_FRAGMENTS = 128;
/** Limits the memory of a frame that arrives in many small pieces. */
export const MAX_CHUNKS = 1_024;
/** The longest message before the acknowledgement, in bytes; a token in an HTTP header has the same limit. */
export const MAX_INIT_BYTES = 16 * 1024;

/** In bytes. Above this a stream waits until its client has read. */
export const HIGH_WATER_MARK = 64 * 1024;
/** A client with more unsent data than this, in bytes, is too slow and is disconnected. */
export const MAX_BUFFERED_BYTES = 1024 * 1024;

/**
 * Pings and pongs per window. The gateway requests one pong every 12 s, and clients ping every few seconds.
 * Each ping costs an answer, and control frames between the fragments of a message make `ws` keep larger
 * buffers.
 */
export const MAX_CONTROL_FRAMES = 100;
export const CONTROL_FRAMES_WINDOW_MS = 12_000;

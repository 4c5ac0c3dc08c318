const BYTE_ORDER_MARK = '\uFEFF';

/** Removes the byte order mark that some clients send before JSON (RFC 8259, 8.1). */
export function withoutByteOrderMark(text: string): string {
  return text.startsWith(BYTE_ORDER_MARK) ? text.slice(1) : text;
}

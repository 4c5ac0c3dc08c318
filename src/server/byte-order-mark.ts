const BYTE_ORDER_MARK = '\uFEFF';

/** JSON may be read without the mark that some senders put before it (RFC 8259, 8.1). */
export function withoutByteOrderMark(text: string): string {
  return text.startsWith(BYTE_ORDER_MARK) ? text.slice(1) : text;
}

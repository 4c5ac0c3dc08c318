/** A file could not be read from the upstream's storage. */
export class SourceError extends Error {
  /** Whether another attempt would fail in the same way. */
  readonly isFinal: boolean;

  constructor(
    message: string,
    { isFinal = false, ...options }: ErrorOptions & { isFinal?: boolean } = {},
  ) {
    super(message, options);
    this.isFinal = isFinal;
  }
}

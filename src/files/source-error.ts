/** A file that could not be copied from where the upstream has it. */
export class SourceError extends Error {
  /** Another attempt would end in the same way. */
  readonly isFinal: boolean;

  constructor(
    message: string,
    { isFinal = false, ...options }: ErrorOptions & { isFinal?: boolean } = {},
  ) {
    super(message, options);
    this.isFinal = isFinal;
  }
}

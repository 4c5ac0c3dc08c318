/** `S3Control`, without its promises. */
export interface ControlRequests {
  /** Begins an upload in parts, and returns its id. */
  begin: (name: string) => string;
  /** Makes an object of the parts that have these ETags. Only then is it visible. */
  complete: (name: string, uploadId: string, etags: readonly string[]) => void;
  /** Removes the parts of an upload. */
  abort: (name: string, uploadId: string) => void;
  /** A URL for the PUT of a part, counted from 1. */
  toPartUrl: (name: string, uploadId: string, number: number) => string;
  /** A URL for the PUT of a whole object. */
  toWriteUrl: (name: string) => string;
  /** A URL for the GET of an object. */
  toReadUrl: (name: string) => string;
}

/**
 * The requests to a bucket that carry no bytes of files, and signed URLs for the others. URLs are used at
 * once: they expire, and a later one is signed with new credentials. All throw DestinationError.
 */
export type S3Control = {
  readonly [Name in keyof ControlRequests]: (
    ...parameters: Parameters<ControlRequests[Name]>
  ) => Promise<ReturnType<ControlRequests[Name]>>;
};

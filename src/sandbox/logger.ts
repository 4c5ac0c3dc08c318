/** As pino's: what happened and to which task, never a key or a callback URL. */
export interface SandboxLogger {
  info(facts: object, message: string): void;
  error(facts: object, message: string): void;
}

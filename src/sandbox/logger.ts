/** In pino's form. Entries never contain a key or a callback URL. */
export interface SandboxLogger {
  info(facts: object, message: string): void;
  error(facts: object, message: string): void;
}

import { buildWeb } from '../../../examples/web/serve.ts';

/** The tests are of the sources as they stand, never of an older build. */
export const setup = buildWeb;

import { buildWeb } from '../../../examples/web/serve.ts';

/** Always builds, so that the tests never use an older build. */
export const setup = buildWeb;

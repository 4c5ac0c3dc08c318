/**
 * The root folder of the repository. This file and the bundle of `npm run build` (dist/gateway) both lie
 * two folders below it, so that one relative path works for both.
 */
export const ROOT = new URL('../../', import.meta.url);

/**
 * The root of the repository. This file lies two folders below it, and so does the bundle that
 * `npm run build` makes of all files (dist/gateway), so that one relative path serves both.
 */
export const ROOT = new URL('../../', import.meta.url);

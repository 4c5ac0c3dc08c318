import { defineConfig } from 'vitest/config';
import base from './vitest.config.ts';

/** `npm run test:all`: the tests of `npm test`, the long ones with all of their rounds. */
export default defineConfig({ ...base, test: { ...base.test, env: { TEST_ALL: 'on' } } });

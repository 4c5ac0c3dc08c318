import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';

/** `longtake/client` as one file without dependencies, for browsers and Node 20 or newer. */
export async function bundleClient(): Promise<string> {
  await using bundle = await rolldown({
    input: fileURLToPath(new URL('client/index.ts', import.meta.url)),
    platform: 'neutral',
    transform: { target: 'es2022' },
    // Without comments that name the source files.
    experimental: { attachDebugInfo: 'none' },
  });
  const { output } = await bundle.generate({
    format: 'esm',
    comments: false,
    // As in build.ts: only white space is removed, and stacks can be read.
    minify: { compress: false, mangle: false, codegen: true },
  });
  return output[0].code;
}

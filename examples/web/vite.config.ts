import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

export default defineConfig({
  plugins: [react()],
  // Addresses relative to the page, so that it can be served below any path.
  base: './',
  build: {
    // Every asset is a file of its own: the page's policy allows no data: addresses.
    assetsInlineLimit: 0,
    // These browsers support light-dark(); its fallback would not follow `color-scheme`.
    cssTarget: ['chrome123', 'firefox120', 'safari17.5'],
  },
  server: {
    host: '127.0.0.1',
    // The page and the gateway are one origin to the browser, so there is nothing to allow.
    proxy: { '/graphql': { target: 'http://127.0.0.1:4000', ws: true } },
  },
});

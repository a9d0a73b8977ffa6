import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

// Everything is a file of our own origin: nothing inline, so that the page can forbid inline scripts.
export default defineConfig({
  base: '/explorer/',
  plugins: [react()],
  worker: { format: 'es' },
  logLevel: 'warn',
  build: {
    outDir: 'dist/site',
    target: 'es2022',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 9000,
    rolldownOptions: { onLog: (level, log, warn) => log.code !== 'MODULE_LEVEL_DIRECTIVE' && warn(level, log) }, // theirs, and harmless
  },
});

/**
 * Builds the studio to dist/site, with every text file also compressed, so that the director sends it as it lies.
 * `npm run dev -w @millrace/studio` serves it for work on it, against the director at MILLRACE_URL.
 */
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import react from '@vitejs/plugin-react';
import { defineConfig, type Plugin } from 'vite';

const director = process.env.MILLRACE_URL ?? 'http://127.0.0.1:8080';
const SMALLEST = 1_024;

function compressed(): Plugin {
  return {
    name: 'compressed',
    apply: 'build',
    enforce: 'post',
    // Last of all: Vite itself still writes into chunks at this moment.
    generateBundle: {
      order: 'post',
      handler(_options, bundle) {
        for (const [fileName, item] of Object.entries(bundle)) {
          const source = Buffer.from(item.type === 'chunk' ? item.code : item.source);
          if (!/\.(?:js|css|svg)$/.test(fileName) || source.length < SMALLEST) continue;
          const brotli = brotliCompressSync(source, { params: { [constants.BROTLI_PARAM_QUALITY]: 9 } });
          this.emitFile({ type: 'asset', fileName: `${fileName}.br`, source: brotli });
          this.emitFile({ type: 'asset', fileName: `${fileName}.gz`, source: gzipSync(source) });
        }
      },
    },
  };
}

export default defineConfig({
  plugins: [react(), compressed()],
  build: { outDir: 'dist/site', emptyOutDir: true, target: 'es2022', chunkSizeWarningLimit: 2_000 },
  worker: { format: 'es' },
  server: { proxy: { '/v1': director, '/mqtt': { target: director, ws: true } } },
});

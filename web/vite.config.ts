// How the dashboard is built and, for work on it, served: `npm run dev` passes calls of the API on to a gateway that runs
// already. The gateway refuses calls of foreign pages, so the proxy speaks in the gateway's own name.
import react from '@vitejs/plugin-react'
import { defineConfig } from 'vitest/config'

/** Address of the admin listener that `npm run dev` is a window of. */
const admin = process.env.HOOKYARD_ADMIN ?? 'http://127.0.0.1:4401'

export default defineConfig({
  plugins: [react()],
  resolve: { alias: { '@': new URL('./src', import.meta.url).pathname } },
  build: {
    target: 'es2022',
    modulePreload: { polyfill: false },
    // Nothing is inlined as `data:`, so that the page lives under a strict content security policy.
    assetsInlineLimit: 0,
  },
  server: {
    port: Number(process.env.PORT ?? 5173),
    proxy: {
      '/api': {
        target: admin,
        changeOrigin: true,
        configure: (proxy) => {
          proxy.on('proxyReq', (request) => {
            if (request.getHeader('origin')) request.setHeader('origin', admin)
            request.removeHeader('sec-fetch-site')
          })
        },
      },
    },
  },
  test: { include: ['src/**/*.test.ts'] },
})

import { defineConfig } from "vite";

// Relative addresses throughout, so that the page also works behind a proxy's path.
export default defineConfig({
  base: "./",
  build: {
    target: "es2022",
    // MapLibre alone is over Vite's default warning, and the page is one page: nothing to split.
    chunkSizeWarningLimit: 1600,
    // The page carries its libraries, so it carries their licences too.
    license: { fileName: "licenses.md" },
  },
  server: { host: "127.0.0.1", proxy: { "/api": "http://127.0.0.1:8080" } },
});

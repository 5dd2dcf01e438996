import vue from "@vitejs/plugin-vue";
import { defineConfig } from "vite";

const hotline = process.env["HOTLINE_ADDRESS"] ?? "http://127.0.0.1:8080";

export default defineConfig({
  plugins: [vue()],
  // No inline data: the pages' Content-Security-Policy allows files of our own only.
  build: { target: "es2022", assetsInlineLimit: 0, chunkSizeWarningLimit: 1500 },
  server: { proxy: { "/api": { target: hotline, ws: true }, "/healthz": hotline } },
});

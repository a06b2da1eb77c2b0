// The conformance suite of the Model Context Protocol, on Node.js 20: it imports `globSync` of
// Node.js 22, which it calls only to grade SDKs.

import { register } from "node:module";

const hooks = `export async function load(url, context, next) {
  const loaded = await next(url, context);
  if (!url.endsWith("/conformance/dist/index.js")) return loaded;
  return { ...loaded, source: String(loaded.source).replace(/globSync as \\w+,/, "") };
}`;
register(`data:text/javascript,${encodeURIComponent(hooks)}`);
await import("@modelcontextprotocol/conformance/dist/index.js");

// A sample webhook receiver: verifies each message, answers, then processes it once.
//
//     npm install …/privacydesk-client-0.1.0.tgz     (made by `sh scripts/clients typescript`)
//     WEBHOOK_SECRET=whsec_… PORT=9000 node webhook_receiver.mjs

import { createServer } from "node:http";
import { buffer } from "node:stream/consumers";
import { WebhookVerificationError, verifyWebhook } from "@privacydesk/client";

// In production: a database table with a unique key, which survives a restart.
const seen = new Set();

createServer(async (request, response) => {
  if (request.method !== "POST" || !request.url.startsWith("/hooks")) {
    response.writeHead(404).end();
    return;
  }
  let event;
  try {
    // The raw bytes: parsing and serialising again would break the signature.
    event = await verifyWebhook(await buffer(request), request.headers, process.env.WEBHOOK_SECRET);
  } catch (error) {
    response.writeHead(error instanceof WebhookVerificationError ? 401 : 500).end();
    return;
  }
  // Answer first and process later: the desk waits for at most 15 seconds.
  response.writeHead(204).end();
  // A message may be delivered twice, with the same id; process it once.
  if (seen.has(event.id)) return;
  seen.add(event.id);
  handle(event);
}).listen(Number(process.env.PORT ?? 9000), "127.0.0.1");

function handle(event) {
  // To be replaced by your code. In a test that somebody sent, nothing has happened.
  console.log(...(event.test ? ["test of"] : []), event.type, event.data.number ?? "");
}

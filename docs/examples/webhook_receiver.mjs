// A sample webhook receiver: verifies each message, answers, then processes it once.
//
//     npm install standardwebhooks
//     WEBHOOK_SECRET=whsec_… PORT=9000 node webhook_receiver.mjs

import { createServer } from "node:http";
import { Webhook } from "standardwebhooks";

const webhook = new Webhook(process.env.WEBHOOK_SECRET);
// In production: a database table with a unique key, which survives a restart.
const seen = new Set();

createServer(async (request, response) => {
  if (request.method !== "POST" || !request.url.startsWith("/hooks")) {
    response.writeHead(404).end();
    return;
  }
  // The raw bytes: parsing and serialising again would break the signature.
  const parts = [];
  for await (const part of request) parts.push(part);
  let message;
  try {
    message = webhook.verify(Buffer.concat(parts).toString(), request.headers);
  } catch {
    response.writeHead(401).end();
    return;
  }
  // Answer first and process later: the desk waits for at most 15 seconds.
  response.writeHead(204).end();
  // A message may be delivered twice, with the same id; process it once.
  if (seen.has(message.id)) return;
  seen.add(message.id);
  handle(message);
}).listen(Number(process.env.PORT ?? 9000), "127.0.0.1");

function handle(message) {
  // To be replaced by your code.
  console.log(message.type, message.data.number ?? "");
}

// A receiver of webhooks: verifies, has each message once, answers, and works afterwards.
//
//     npm install standardwebhooks
//     WEBHOOK_SECRET=whsec_… PORT=9000 node webhook_receiver.mjs

import { createServer } from "node:http";
import { Webhook } from "standardwebhooks";

const webhook = new Webhook(process.env.WEBHOOK_SECRET);
// In a real receiver: a table with a unique key, which outlives the process.
const seen = new Set();

createServer(async (request, response) => {
  if (request.method !== "POST" || !request.url.startsWith("/hooks")) {
    response.writeHead(404).end();
    return;
  }
  // The bytes as they came: parsing and writing again would break the signature.
  const parts = [];
  for await (const part of request) parts.push(part);
  let message;
  try {
    message = webhook.verify(Buffer.concat(parts).toString(), request.headers);
  } catch {
    response.writeHead(401).end();
    return;
  }
  // Answer first, work afterwards: the desk waits for 15 seconds.
  response.writeHead(204).end();
  // A message may come twice. Its id is the same each time, so it is handled once.
  if (seen.has(message.id)) return;
  seen.add(message.id);
  handle(message);
}).listen(Number(process.env.PORT ?? 9000), "127.0.0.1");

function handle(message) {
  // Do with it what your system has to do.
  console.log(message.type, message.data.number ?? "");
}

// Has the libraries verify messages, each at the instant at which it came. Cases on standard input,
// verdicts on standard output: {library: [whether it was taken, …]}.
import { text } from "node:stream/consumers";
import { WebhookVerificationError, verifyWebhook } from "@privacydesk/client";
import { Webhook as standardwebhooks } from "standardwebhooks";
import { Webhook as svix } from "svix";
import { Webhook as svixOfItsOwn } from "svix-of-its-own";

const cases = JSON.parse(await text(process.stdin));
const SystemDate = Date;
let now = 0;
globalThis.Date = class extends SystemDate {
  constructor(...given) {
    super(...(given.length ? given : [now]));
  }
  static now() {
    return now;
  }
};

function taken(Webhook, { secret, headers, body, at }) {
  now = at * 1000;
  try {
    new Webhook(secret).verify(body, headers);
    return true;
  } catch (error) {
    if (error.name === "WebhookVerificationError" || error.constructor.name.includes("Verification")) return false;
    throw error;
  }
}

async function takenByClient({ secret, headers, body, at }) {
  try {
    await verifyWebhook(body, headers, secret, { now: at * 1000 });
    return true;
  } catch (error) {
    if (error instanceof WebhookVerificationError) return false;
    throw error;
  }
}

const libraries = { standardwebhooks, svix, svixOfItsOwn };
console.log(
  JSON.stringify({
    ...Object.fromEntries(
      Object.entries(libraries).map(([name, one]) => [name, cases.map((each) => taken(one, each))]),
    ),
    client: await Promise.all(cases.map(takenByClient)),
  }),
);

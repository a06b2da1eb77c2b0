// What an integrator's backend does, with the package as it is installed. The settings come on
// standard input; what was found goes to standard output.

import { text } from "node:stream/consumers";
import {
  type AppTokenKey,
  AppTokenSigner,
  ConnectionError,
  DeskClient,
  ProblemError,
  type EventOf,
  type WebhookEvent,
  generateAppTokenKey,
  verifyWebhook,
} from "@privacydesk/client";
import type { ClientFrame, ServerFrame } from "@privacydesk/client/frames";

interface Given {
  url: string;
  token: string;
  secret: AppTokenKey;
  account: string;
  now: string;
  webhook: { id: string; body: string; headers: Record<string, string>; secret: string; at: number };
}

const given = JSON.parse(await text(process.stdin)) as Given;
const desk = new DeskClient({ url: given.url, token: given.token, language: "zh-Hans" });

/** A request of a user who is logged in and whom the app has just verified. */
const signer = await AppTokenSigner.fromJwk(given.secret);
const body = {
  kind: "deletion",
  app_token: await signer.sign({ account: given.account, locale: "zh-Hans" }),
  answers: { categories: ["posts"] },
  checked: { how: "Face ID", at: given.now },
  confirmation: { how: "Tapped “Delete” twice", at: given.now },
} as const;
const preview = await desk.post("/requests/preview", { body });
const filed = await desk.post("/requests", { body, key: "settings-delete-1" });
const again = await desk.post("/requests", { body, key: "settings-delete-1" });

const ticket = await desk.until(
  "/tickets/{number}",
  { path: { number: filed.body.number ?? "" }, interval: 10 },
  (one) => one.state === "in_review",
);
const path = { number: ticket.body.number };
const claimed = await desk.post("/tickets/{number}/claim", { path, ifMatch: ticket.etag ?? "" });

/** What has happened to requests so far. */
const logged: string[] = [];
for await (const { events } of desk.follow({ types: ["ticket.filed", "ticket.assigned"] })) {
  for (const event of events) logged.push(`${event.type} ${event.data.number}`);
  if (logged.length >= 3) break;
}

/** A client of its own speaks the socket's frames by their types. */
const hello: ClientFrame = { type: "hello", token: body.app_token };
function spoken(frame: ServerFrame): string {
  return frame.type === "events" ? frame.events.map((one) => one.kind).join() : frame.type;
}
if (hello.type !== "hello" || spoken({ type: "pong" }) !== "pong") throw new Error("no frames");

async function codeOf(refused: Promise<unknown>): Promise<[number, string | undefined, string]> {
  try {
    await refused;
  } catch (error) {
    if (error instanceof ProblemError) {
      return [error.status, error.code, error.faults.map((one) => one.where).join()];
    }
    throw error;
  }
  throw new Error("it was not refused");
}

const refusals = [
  await codeOf(desk.post("/tickets/{number}/claim", { path, ifMatch: ticket.etag ?? "" })),
  await codeOf(desk.get("/tickets/{number}", { path: { number: "PD-NONE" } })),
  await codeOf(desk.post("/tickets/{number}/notes", { path, body: { text: "" } })),
  await codeOf(new DeskClient({ url: given.url, token: "pdk_wrong" }).get("/tickets")),
];

const numbers: string[] = [];
for await (const page of desk.pages("/tickets", { query: { limit: 1, state: ["in_review"] } })) {
  numbers.push(...page.tickets.map((one) => one.number));
}

const test = await desk.post("/webhooks/{endpoint}/test", {
  path: { endpoint: given.webhook.id },
  body: { type: "ticket.filed" },
});

/** What a proxy in front of the desk does in a bad minute: the request is sent again as it was. */
const tries: (string | null)[] = [];
let turn = 0;
const flaky: typeof fetch = async (address, init) => {
  tries.push(new Headers(init?.headers).get("Idempotency-Key"));
  if (++turn === 1) throw new TypeError("connection reset");
  if (turn === 2) return new Response("busy", { status: 503, headers: { "Retry-After": "0" } });
  return fetch(address, init);
};
const behind = new DeskClient({ url: given.url, token: given.token, fetch: flaky });
const note = await behind.post("/tickets/{number}/notes", { path, body: { text: "Synchronised." } });
const slow = new DeskClient({
  url: given.url,
  token: given.token,
  longestPause: 1000,
  fetch: async () => new Response("{}", { status: 429, headers: { "Retry-After": "3600" } }),
});
const gone = new DeskClient({ url: "http://127.0.0.1:9", token: "pdk_any", attempts: 1 });

/** Types alone: each narrows to its own message. */
function told(event: WebhookEvent): string {
  if (event.test) return "a test";
  switch (event.type) {
    case "ticket.filed": {
      const filed: EventOf<"ticket.filed"> = event;
      return `${filed.data.kind} ${filed.data.number}`;
    }
    case "conversation.taken":
      return event.data.owner.kind;
    default:
      return event.type;
  }
}
// @ts-expect-error there is no such path
const wrongPath = () => desk.get("/tickest");
// @ts-expect-error a note has a text
const noText = () => desk.post("/tickets/{number}/notes", { path, body: {} });
// @ts-expect-error there is no such type
const noType = () => desk.post("/webhooks/{endpoint}/test", { path: { endpoint: "0" }, body: { type: "a.b" } });
// @ts-expect-error there is no such state
const noState = () => desk.get("/tickets", { query: { state: "lost" } });

const { webhook } = given;
const options = { now: webhook.at * 1000 };
const forged = await verifyWebhook(`${webhook.body} `, webhook.headers, webhook.secret, options).catch(
  (error: Error) => error.name,
);

console.log(
  JSON.stringify({
    typed: [wrongPath, noText, noType, noState].length,
    test: [test.body.type, test.body.test],
    preview: preview.body.kind,
    number: filed.body.number,
    same: [again.body.number === filed.body.number, again.replayed],
    holder: claimed.body.holder,
    refusals,
    numbers,
    logged,
    kept: [new Set(tries).size, tries.length, note.replayed],
    slow: await codeOf(slow.get("/tickets")),
    gone: await gone.get("/tickets").catch((error: Error) => error instanceof ConnectionError),
    webhook: told(await verifyWebhook(webhook.body, webhook.headers, webhook.secret, options)),
    forged,
    key: (await generateAppTokenKey("app-1")).publicKey,
  }),
);

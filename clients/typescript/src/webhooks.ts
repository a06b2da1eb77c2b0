import type { webhooks } from "./schema.js";

/** The names of the event types, such as `ticket.filed`. */
export type EventType = keyof webhooks;

/** The message of one event type. */
export type EventOf<T extends EventType> = webhooks[T] extends {
  readonly post: { readonly requestBody: { readonly content: { readonly "application/json": infer M } } };
}
  ? M
  : never;

/** Any message that the desk sends: `type` tells which. */
export type WebhookEvent = { [T in EventType]: EventOf<T> }[EventType];

/** The headers of a request, as `fetch`, Node.js and the usual frameworks have them. */
export type WebhookHeaders = Headers | Readonly<Record<string, string | readonly string[] | undefined>>;

export interface WebhookOptions {
  /** How far the timestamp may be from this machine's clock, in seconds. */
  readonly tolerance?: number;
  /** The present, in milliseconds since 1970. */
  readonly now?: number;
}

/** A message that the desk has not signed, or not now: answer 401. */
export class WebhookVerificationError extends Error {
  override readonly name = "WebhookVerificationError";
}

const PREFIX = "whsec_";
const SCHEME = "v1,";

/**
 * Verify a webhook (Standard Webhooks) and return its message.
 *
 * A newer desk may send types that this version does not know: have a `default` where you switch
 * over `type`.
 *
 * @param body the body as it came. One that was parsed and written again has another signature.
 * @param headers the request's headers
 * @param secret the endpoint's `whsec_…`, or several of them
 * @throws {@link WebhookVerificationError}
 */
export async function verifyWebhook(
  body: string | Uint8Array,
  headers: WebhookHeaders,
  secret: string | readonly string[],
  { tolerance = 300, now = Date.now() }: WebhookOptions = {},
): Promise<WebhookEvent> {
  const id = header(headers, "webhook-id");
  const timestamp = header(headers, "webhook-timestamp");
  if (!(Math.abs(now / 1000 - Number(timestamp)) <= tolerance)) {
    throw new WebhookVerificationError("the timestamp is too far from the present");
  }
  const bytes = typeof body === "string" ? new TextEncoder().encode(body) : body;
  const signed = joined(new TextEncoder().encode(`${id}.${timestamp}.`), bytes);
  const signatures = header(headers, "webhook-signature").split(" ");
  for (const one of typeof secret === "string" ? [secret] : secret) {
    const key = await hmacKey(one);
    for (const signature of signatures) {
      const given = signature.startsWith(SCHEME) ? decoded(signature.slice(SCHEME.length)) : undefined;
      // `verify` compares in constant time.
      if (given && (await crypto.subtle.verify("HMAC", key, given, signed))) {
        return JSON.parse(new TextDecoder().decode(bytes)) as WebhookEvent;
      }
    }
  }
  throw new WebhookVerificationError("no signature matches");
}

function header(headers: WebhookHeaders, name: string): string {
  const found =
    headers instanceof Headers
      ? headers.get(name)
      : Object.entries(headers).find(([key]) => key.toLowerCase() === name)?.[1];
  if (typeof found !== "string") throw new WebhookVerificationError(`there is no ${name}`);
  return found;
}

function hmacKey(secret: string): Promise<CryptoKey> {
  const raw = secret.startsWith(PREFIX) ? decoded(secret.slice(PREFIX.length)) : undefined;
  if (!raw?.length) throw new TypeError(`a webhook's secret is ${PREFIX} and base64`);
  return crypto.subtle.importKey("raw", raw, { name: "HMAC", hash: "SHA-256" }, false, ["verify"]);
}

function decoded(base64: string): Uint8Array<ArrayBuffer> | undefined {
  try {
    return Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
  } catch {
    return undefined;
  }
}

function joined(first: Uint8Array, second: Uint8Array): Uint8Array<ArrayBuffer> {
  const both = new Uint8Array(first.length + second.length);
  both.set(first);
  both.set(second, first.length);
  return both;
}

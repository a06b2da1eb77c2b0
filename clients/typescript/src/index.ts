/** The client for backends: Node.js 20 or newer, or any runtime with `fetch` and WebCrypto. */

export { AppTokenSigner, generateAppTokenKey } from "./app-tokens.js";
export type { AppTokenClaims, AppTokenKey, AppTokenKeyPair, AppTokenSignerOptions } from "./app-tokens.js";
export { DeskClient } from "./client.js";
export type {
  Answer,
  CallOptions,
  DeskClientOptions,
  FollowOptions,
  GetPath,
  LogPage,
  PagedPath,
  PostPath,
  UntilOptions,
} from "./client.js";
export { ConnectionError, ProblemError } from "./errors.js";
export type * from "./schema.js";
export { WebhookVerificationError, verifyWebhook } from "./webhooks.js";
export type { EventOf, EventType, WebhookEvent, WebhookHeaders, WebhookOptions } from "./webhooks.js";

// Signs short-lived tokens for logged-in accounts, as the app's backend does for the chat.
//
//     npm install …/privacydesk-client-0.1.0.tgz     (made by `sh scripts/clients typescript`)
//     node app_token.mjs keys             print the desk's setting, with the public key
//     node app_token.mjs token u-1001     print a token for an account
//     node app_token.mjs logout u-1001    revoke its tokens, with the API's URL and token:
//                                         DESK_URL=http://127.0.0.1:8080 TOKEN=pdk_…
//
// The private key stays in the backend: here in a file, in production perhaps in a key service.

import { readFile, writeFile } from "node:fs/promises";
import { AppTokenSigner, DeskClient, generateAppTokenKey } from "@privacydesk/client";

const { APP_TOKEN_KEY = "app-token-key.json", DESK_URL, TOKEN } = process.env;

/** Store a new private key, and return the public one. */
async function makeKeys() {
  const { privateKey, publicKey } = await generateAppTokenKey("app-1");
  await writeFile(APP_TOKEN_KEY, JSON.stringify(privateKey), { mode: 0o600 });
  return publicKey;
}

/** Return a token for an account, which must be logged in. */
async function makeToken(account, locale) {
  const signer = await AppTokenSigner.fromJwk(await readFile(APP_TOKEN_KEY, "utf8"));
  return signer.sign({ account, locale });
}

/** Revoke all tokens of an account; to be called after a log-out. */
async function revokeTokens(account) {
  const desk = new DeskClient({ url: DESK_URL, token: TOKEN });
  // The time of this machine, since `iat` of its tokens is compared with it.
  await desk.post("/app-tokens/revoke-account", { body: { account, at: new Date().toISOString() } });
}

const [command, ...given] = process.argv.slice(2);
if (command === "keys") {
  console.log(`PRIVACYDESK_APP_TOKEN_KEYS='${JSON.stringify([await makeKeys()])}'`);
} else if (command === "logout") {
  await revokeTokens(given[0]);
  console.log("revoked");
} else {
  console.log(await makeToken(...given));
}

// Where tokens come from: the address's fragment, the embedding page, or an app's WebView bridge.
// The latter two also show the operator's challenge, since the page runs no foreign script.

/** @typedef {import("./client.js").Client} Client */

/**
 * Take a token out of the fragment and the fragment out of the address.
 *
 * @param {boolean} allowed whether the operator lets links bring tokens
 * @returns {string | null} null without one; empty when the host promises to hand one over.
 */
export function takeFragment(allowed) {
  const found = new URLSearchParams(location.hash.slice(1)).get("token");
  if (found !== null) history.replaceState(null, "", location.pathname + location.search);
  return found && !allowed ? null : found;
}

/**
 * @param {Client} client
 * @param {string} hostOrigin
 */
export function openBridge(client, hostOrigin) {
  const allowed = hostOrigin || location.origin;
  window.addEventListener("message", (message) => {
    if (message.origin !== allowed || typeof message.data !== "object" || !message.data) return;
    const { type, token } = message.data;
    if (type === "privacydesk:token" && typeof token === "string" && token) client.setToken(token);
    if (type === "privacydesk:challenge-token" && typeof token === "string") client.setChallenge(token);
    if (type === "privacydesk:logout") client.logout();
  });
  const bridge = Object.freeze({
    /** @param {string} token */
    setToken: (token) => client.setToken(String(token)),
    /** @param {string} token */
    setChallenge: (token) => client.setChallenge(String(token)),
    logout: () => client.logout(),
  });
  Object.defineProperty(window, "privacydesk", { value: bridge });
  return {
    /** Ask the host for a new token. */
    needToken() {
      window.dispatchEvent(new CustomEvent("privacydesk:token-needed"));
      if (window.parent !== window) {
        window.parent.postMessage({ type: "privacydesk:token-needed" }, allowed);
      }
    },
    /**
     * Have the host show the operator's challenge, and hand over its token.
     *
     * @param {{site_key: string}} demand
     */
    challenge(demand) {
      window.dispatchEvent(new CustomEvent("privacydesk:challenge", { detail: demand }));
      if (window.parent !== window) {
        window.parent.postMessage({ type: "privacydesk:challenge", ...demand }, allowed);
      }
    },
  };
}

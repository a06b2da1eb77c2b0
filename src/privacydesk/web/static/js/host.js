// Where tokens come from: the address's fragment, the embedding page, or an app's WebView bridge.

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
    if (type === "privacydesk:logout") client.logout();
  });
  const bridge = Object.freeze({
    /** @param {string} token */
    setToken: (token) => client.setToken(String(token)),
    logout: () => client.logout(),
  });
  Object.defineProperty(window, "privacydesk", { value: bridge });
  return {
    /** Ask whoever holds the page for a new token. */
    needToken() {
      window.dispatchEvent(new CustomEvent("privacydesk:token-needed"));
      if (window.parent !== window) {
        window.parent.postMessage({ type: "privacydesk:token-needed" }, allowed);
      }
    },
  };
}

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
 * @param {{setLanguage: (tag: string) => void, setTheme: (theme: string) => void}} page
 */
export function openBridge(client, hostOrigin, page) {
  const allowed = hostOrigin || location.origin;
  const acts = Object.freeze({
    /** @param {string} token */
    setToken: (token) => client.setToken(String(token)),
    /** @param {string} token */
    setChallenge: (token) => client.setChallenge(String(token)),
    /** @param {string} tag such as `zh-Hant` */
    setLanguage: (tag) => page.setLanguage(String(tag)),
    /** @param {string} theme `light`, `dark` or `auto` */
    setTheme: (theme) => page.setTheme(String(theme)),
    logout: () => {
      client.logout();
      tell("privacydesk:left");
    },
  });
  Object.defineProperty(window, "privacydesk", { value: acts });
  window.addEventListener("message", ({ origin, data }) => {
    if (origin !== allowed || typeof data !== "object" || !data) return;
    const { type, token, language, theme } = data;
    if (type === "privacydesk:token" && typeof token === "string" && token) acts.setToken(token);
    if (type === "privacydesk:challenge-token" && typeof token === "string") acts.setChallenge(token);
    if (type === "privacydesk:language" && typeof language === "string") acts.setLanguage(language);
    if (type === "privacydesk:theme" && typeof theme === "string") acts.setTheme(theme);
    if (type === "privacydesk:logout") acts.logout();
  });

  /**
   * Tell a WebView by an event, and an embedding page by a message.
   *
   * @param {string} type
   * @param {object} [detail]
   */
  function tell(type, detail) {
    window.dispatchEvent(new CustomEvent(type, { detail }));
    if (window.parent !== window) window.parent.postMessage({ type, ...detail }, allowed);
  }

  let unread = 0;
  return {
    /** Ask the host for a new token. */
    needToken: () => tell("privacydesk:token-needed"),
    /**
     * Have the host show the operator's challenge, and hand over its token.
     *
     * @param {{site_key: string}} demand
     */
    challenge: (demand) => tell("privacydesk:challenge", demand),
    /** @param {number} count how many messages of the desk have not been seen */
    unread(count) {
      if (count !== unread) tell("privacydesk:unread", { count });
      unread = count;
    },
  };
}

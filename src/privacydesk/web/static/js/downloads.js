// Saving files of the person's own. The address alone opens nothing: the chat's credentials are sent
// along, in a header.

import { el } from "./dom.js";

/**
 * @param {string | URL} address
 * @param {string} name of the saved file
 * @param {string} authorization
 * @returns {Promise<"saved" | "refused" | "failed">}
 */
export async function saveFile(address, name, authorization) {
  try {
    const answer = await fetch(address, { headers: { Authorization: authorization }, cache: "no-store" });
    if (!answer.ok) return answer.status < 500 ? "refused" : "failed";
    const blob = await answer.blob();
    // An app whose WebView saves nothing by itself takes the file, and prevents the default.
    const offer = new CustomEvent("privacydesk:file", { cancelable: true, detail: { name, blob } });
    if (!window.dispatchEvent(offer)) return "saved";
    const local = URL.createObjectURL(blob);
    el("a", { href: local, download: name }).click();
    window.setTimeout(() => URL.revokeObjectURL(local), 60_000);
    return "saved";
  } catch {
    return "failed";
  }
}

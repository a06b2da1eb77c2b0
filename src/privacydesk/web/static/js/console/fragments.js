// Parts of a page that the server renders anew: fetched, and put in place with the focus kept.

/**
 * Replaces what a place holds by a part of a page.
 * @param {HTMLElement} place
 * @param {URL | string} address which answers with the part alone
 * @returns {Promise<boolean>} whether it did; not after signing out
 */
export async function renew(place, address) {
  const answer = await fetch(address, { headers: { Accept: "text/html" } });
  if (!answer.ok || answer.redirected) return false;
  const part = new DOMParser().parseFromString(await answer.text(), "text/html");
  const focused = place.contains(document.activeElement) && document.activeElement;
  const row = focused && focused.getAttribute("href");
  const id = focused && focused.id;
  place.replaceChildren(...part.body.childNodes);
  if (row) place.querySelector(`[data-row][href="${CSS.escape(row)}"]`)?.focus();
  else if (id) document.getElementById(id)?.focus();
  return true;
}

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

/** Sends forms or buttons with data-in-place by themselves, and shows only the part they name of the answer. */
export function sendInPlace() {
  document.addEventListener("submit", async (event) => {
    const form = /** @type {HTMLFormElement} */ (event.target);
    const button = /** @type {HTMLButtonElement} */ (event.submitter ?? form.querySelector("button"));
    const id = form.dataset.inPlace ?? button.dataset.inPlace;
    if (!id) return;
    event.preventDefault();
    const body = new URLSearchParams(/** @type {any} */ (new FormData(form)));
    if (button.name) body.set(button.name, button.value);
    button.disabled = true;
    try {
      const answer = await fetch(form.action, { method: "POST", body, headers: { Accept: "text/html" } });
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const newer = answer.ok && !answer.redirected ? page.getElementById(id) : null;
      // Whatever else the answer is, such as signing in, is a page of its own.
      if (!newer) throw new Error("no such part");
      document.getElementById(id).replaceWith(newer);
      newer.querySelector("summary, [tabindex='-1']")?.focus({ preventScroll: true });
    } catch {
      button.disabled = false;
      form.removeAttribute("data-in-place");
      button.removeAttribute("data-in-place");
      form.requestSubmit(button);
    }
  });
}

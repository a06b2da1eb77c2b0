// Keys that work on every page of the console's work; none of them while somebody types.

const dialog = /** @type {HTMLDialogElement} */ (document.getElementById("keys"));

/** @param {EventTarget | null} target */
function types(target) {
  const field = target instanceof Element && target.closest("input, textarea, select, [contenteditable]");
  return field && field.getAttribute("type") !== "checkbox";
}

/** The row that has the focus, or its checkbox. @returns {Element | null} */
export function current() {
  const focused = document.activeElement;
  return focused.closest("[data-row]") ?? focused.closest("tr")?.querySelector("[data-row]") ?? null;
}

/** Moves the focus through the rows of a list. @param {number} by */
function step(by) {
  const rows = [...document.querySelectorAll("[data-row]")];
  const at = rows.indexOf(current());
  const next = rows[Math.min(Math.max(at + by, 0), rows.length - 1)];
  if (next instanceof HTMLElement) next.focus();
}

/**
 * @param {Record<string, () => void>} own what else keys do on this page
 */
export function listen(own = {}) {
  const keys = {
    j: () => step(1),
    k: () => step(-1),
    "?": () => dialog.showModal(),
    u: () => document.getElementById("up")?.click(),
    "/": () => document.getElementById("q")?.focus(),
    ...own,
  };
  document.addEventListener("keydown", (event) => {
    const plain = !event.ctrlKey && !event.metaKey && !event.altKey && !event.isComposing;
    const act = keys[event.key];
    if (!plain || !act || types(event.target) || document.querySelector("dialog[open]")) return;
    event.preventDefault();
    act();
  });
}

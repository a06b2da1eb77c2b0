// The list one works through: a case knows the view it was opened from, and what comes before and after it.
//
// Kept in the tab: rows' addresses alone, nothing that people wrote.

const KEY = "desk-trail";

/** @returns {{view: string, rows: string[]} | null} */
function trail() {
  try {
    return JSON.parse(sessionStorage.getItem(KEY) ?? "null");
  } catch {
    return null;
  }
}

/** Remembers what a list shows now. @param {ParentNode} list */
export function remember(list) {
  const rows = [...list.querySelectorAll("[data-row]")].map((row) => row.getAttribute("href"));
  try {
    sessionStorage.setItem(KEY, JSON.stringify({ view: location.pathname + location.search, rows }));
  } catch {
    // Without a store the way back leads to one's own requests, as without scripts.
  }
}

/** Forgets the list, as on signing out. */
export function forget() {
  sessionStorage.removeItem(KEY);
}

/** Puts the focus on the row that one comes back from. @param {ParentNode} list */
export function resume(list) {
  const from = document.referrer && new URL(document.referrer).pathname;
  if (from) list.querySelector(`[data-row][href="${CSS.escape(from)}"]`)?.focus();
}

/** Has a case's links lead along the list that it was opened from. */
export function follow() {
  const known = trail();
  if (!known) return;
  const up = /** @type {HTMLAnchorElement} */ (document.getElementById("up"));
  up.href = known.view;
  const at = known.rows.indexOf(up.dataset.case);
  if (at < 0) return;
  for (const [id, row] of [["previous", known.rows[at - 1]], ["next", known.rows[at + 1]]]) {
    const link = /** @type {HTMLAnchorElement} */ (document.getElementById(id));
    link.hidden = !row;
    if (row) link.href = row;
  }
  document.getElementById("place").textContent = `${at + 1} / ${known.rows.length}`;
  document.getElementById("trail").hidden = false;
}

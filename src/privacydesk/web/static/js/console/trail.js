// The list an agent works through: the view a case was opened from, and its neighbours there.
//
// Kept in the tab: rows' addresses alone, nothing that people wrote.

const KEY = "desk-trail";
const SHUT = "desk-list-shut";
const INBOX = "/console/inbox";
/** What a case is listed in that was not opened from a list. */
const ALL_OPEN = `${INBOX}?view=open`;

/** Where there is room for the list beside the case; css/case.css has the same width. */
const WIDE = matchMedia("(min-width: 1280px)");

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
  keep(location.pathname + location.search, rows);
}

/** @param {string} view @param {string[]} rows */
function keep(view, rows) {
  try {
    sessionStorage.setItem(KEY, JSON.stringify({ view, rows }));
  } catch {
    // Without storage the back link leads to the agent's own requests, as without scripts.
  }
}

/** Forgets the list, as on signing out. */
export function forget() {
  sessionStorage.removeItem(KEY);
}

/** Puts the focus on the row of the case just left. @param {ParentNode} list */
export function resume(list) {
  const from = document.referrer && new URL(document.referrer).pathname;
  if (from) list.querySelector(`[data-row][href="${CSS.escape(from)}"]`)?.focus();
}

/** Points a case's links along the list that it was opened from. */
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

/** The view of the inbox that a case's page shows beside it. @returns {URL | null} */
function listed() {
  if (!document.getElementById("beside")) return null;
  const known = trail();
  const view = new URL(known?.view ?? ALL_OPEN, location.href);
  const isThere = known?.rows.includes(document.getElementById("up").dataset.case);
  return isThere && view.pathname === INBOX ? view : new URL(ALL_OPEN, location.href);
}

/** Adds the list beside the page to its stream's address. @param {string} address */
export function live(address) {
  const view = listed();
  if (!view) return address;
  const stream = new URL(address, location.href);
  stream.searchParams.set("list", view.search.slice(1));
  return stream.pathname + stream.search;
}

/**
 * Updates the stored rows after the list changed. A case that has left it keeps its place there,
 * so that the next one is still the next one.
 * @param {string[]} rows what the list holds now
 */
function changed(rows) {
  const known = trail();
  const here = document.getElementById("up").dataset.case;
  if (!known?.rows.includes(here)) {
    if (rows.includes(here)) {
      keep(ALL_OPEN, rows);
      follow();
    }
    return;
  }
  if (!rows.includes(here)) {
    const later = known.rows.slice(known.rows.indexOf(here) + 1).find((row) => rows.includes(row));
    const at = later === undefined ? rows.length : rows.indexOf(later);
    rows = [...rows.slice(0, at), here, ...rows.slice(at)];
  }
  keep(known.view, rows);
  follow();
}

/**
 * Shows the list that a case was opened from beside it, where there is room.
 * @returns {(revision: string) => void} renews it if its revision has changed
 */
export function beside() {
  const view = listed();
  const place = /** @type {HTMLDetailsElement} */ (document.getElementById("beside"));
  if (!view) return () => {};
  const list = place.querySelector("nav");
  const here = document.getElementById("up").dataset.case;
  view.searchParams.set("part", "beside");
  let fetching = false;

  async function renew() {
    if (fetching || !WIDE.matches || !place.open) return;
    fetching = true;
    try {
      const answer = await fetch(view, { headers: { Accept: "text/html" } });
      if (!answer.ok || answer.redirected) return;
      const focused = list.contains(document.activeElement) && document.activeElement.getAttribute("href");
      // Written by the server, which escapes whatever people wrote.
      list.innerHTML = await answer.text();
      const rows = [...list.querySelectorAll("a")];
      changed(rows.map((row) => row.getAttribute("href")));
      const current = rows.find((row) => row.getAttribute("href") === here);
      current?.setAttribute("aria-current", "page");
      if (focused) rows.find((row) => row.getAttribute("href") === focused)?.focus();
      else if (current) list.scrollTop = current.offsetTop - list.clientHeight / 2;
    } finally {
      fetching = false;
    }
  }

  const quietly = () => renew().catch(() => {});
  place.open = localStorage.getItem(SHUT) === null;
  // On click, before it opens or closes: "toggle" fires later, maybe after the page was left.
  place.querySelector("summary").addEventListener("click", () => {
    if (place.open) localStorage.setItem(SHUT, "1");
    else localStorage.removeItem(SHUT);
  });
  place.addEventListener("toggle", quietly);
  WIDE.addEventListener("change", quietly);
  quietly();
  return (revision) => {
    if (list.querySelector("[data-revision]")?.dataset.revision !== revision) quietly();
  };
}

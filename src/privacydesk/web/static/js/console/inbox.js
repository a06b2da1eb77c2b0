// The inbox, live: counts and the list come as they change, the focus kept in its row. Filters take
// effect as they are chosen.

import { connect, stream } from "./desk.js";
import { renew } from "./fragments.js";
import { listen } from "./keys.js";
import { keptSelection, selectionKeys } from "./selection.js";
import { remember, resume } from "./trail.js";

const page = document.getElementById("inbox");
const list = document.getElementById("list");

/** @param {Record<string, number>} counts */
function show(counts) {
  const current = page.querySelector("[data-counted]");
  if (current) current.textContent = String(counts[current.dataset.counted] ?? 0);
  for (const badge of page.querySelectorAll("[data-count]")) {
    const count = String(counts[badge.dataset.count] ?? 0);
    badge.textContent = count;
    badge.classList.toggle("none", count === "0");
    if (badge.dataset.count === "overdue") badge.classList.toggle("alarm", count !== "0");
  }
}

/** @param {string} revision which the list has reached or passed */
async function refresh(revision) {
  const address = new URL(location.href);
  address.searchParams.set("part", "list");
  const reselect = keptSelection();
  if (!(await renew(list, address))) return;
  reselect();
  list.dataset.revision = revision;
  remember(list);
}

/** Parts of the page beside the list that depend on the filters. */
const FILTERED = ["views", "views-open", "sift-open", "sift-end", "keep-view"];
let sifted = 0;

/** Lists what the filters select, the focus kept in its field. @param {HTMLFormElement} form */
async function sift(form) {
  const address = new URL(form.action);
  for (const [name, value] of new FormData(form)) if (value) address.searchParams.set(name, String(value));
  sifted += 1;
  const asked = sifted;
  const answer = await fetch(address, { headers: { Accept: "text/html" } });
  if (asked !== sifted) return;
  if (!answer.ok || answer.redirected) throw new Error(String(answer.status));
  const newer = new DOMParser().parseFromString(await answer.text(), "text/html");
  if (asked !== sifted) return;
  history.replaceState(history.state, "", address);
  const named = /** @type {HTMLInputElement | null} */ (document.getElementById("view-name"))?.value;
  for (const id of FILTERED) document.getElementById(id).replaceWith(newer.getElementById(id));
  if (named) document.getElementById("view-name")?.setAttribute("value", named);
  const bulk = document.getElementById("bulk-list");
  if (bulk) bulk.value = newer.getElementById("bulk-list").value;
  const found = newer.getElementById("list");
  const reselect = keptSelection();
  list.replaceChildren(...found.childNodes);
  list.dataset.revision = found.dataset.revision;
  reselect();
  remember(list);
  document.getElementById("listed").textContent = found.dataset.listed;
  connect(newer.getElementById("console").dataset.live);
}

listen(selectionKeys);
document.getElementById("sift")?.addEventListener("change", ({ currentTarget }) => {
  // Sent as a form, it says what is wrong.
  sift(currentTarget).catch(() => currentTarget.submit());
});
remember(list);
resume(list);
stream.addEventListener("counts", (event) => show(JSON.parse(event.data)));
stream.addEventListener("list", (event) => {
  const revision = JSON.parse(event.data);
  if (revision !== list.dataset.revision) refresh(revision).catch(() => {});
});

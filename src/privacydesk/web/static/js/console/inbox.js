// The inbox, live: counts and the list come as they change, the focus kept in its row.

import { stream } from "./desk.js";
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

listen(selectionKeys);
remember(list);
resume(list);
stream.addEventListener("counts", (event) => show(JSON.parse(event.data)));
stream.addEventListener("list", (event) => {
  const revision = JSON.parse(event.data);
  if (revision !== list.dataset.revision) refresh(revision).catch(() => {});
});

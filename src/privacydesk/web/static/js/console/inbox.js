// The inbox, live: counts and the list come as they change, the focus kept in its row.

import { stream } from "./desk.js";
import { listen } from "./keys.js";
import { remember, resume } from "./trail.js";

const page = document.getElementById("inbox");
const list = document.getElementById("list");

/** @param {Record<string, number>} counts */
function show(counts) {
  for (const badge of page.querySelectorAll("[data-count]")) {
    const count = String(counts[badge.dataset.count] ?? 0);
    badge.textContent = count;
    badge.classList.toggle("none", count === "0");
    if (badge.dataset.count === "overdue") badge.classList.toggle("alarm", count !== "0");
  }
}

/** @param {string} revision which the list has reached or passed */
async function renew(revision) {
  const address = new URL(location.href);
  address.searchParams.set("part", "list");
  const answer = await fetch(address, { headers: { Accept: "text/html" } });
  if (!answer.ok || answer.redirected) return;
  const fresh = await answer.text();
  const focused = document.activeElement?.getAttribute("href");
  // Written by the server, which escapes whatever people wrote.
  list.innerHTML = fresh;
  list.dataset.revision = revision;
  remember(list);
  if (focused) list.querySelector(`[data-row][href="${CSS.escape(focused)}"]`)?.focus();
}

listen();
remember(list);
resume(list);
stream.addEventListener("counts", (event) => show(JSON.parse(event.data)));
stream.addEventListener("list", (event) => {
  const revision = JSON.parse(event.data);
  if (revision !== list.dataset.revision) renew(revision).catch(() => {});
});

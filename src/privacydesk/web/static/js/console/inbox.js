// The inbox, live: counts come as they change, and with them the list, the focus kept in its row.

import { stream } from "./desk.js";
import { listen } from "./keys.js";

const page = document.getElementById("inbox");
const list = document.getElementById("list");

/** @param {Record<string, number>} counts @returns {boolean} whether any differs */
function show(counts) {
  let changed = false;
  for (const badge of page.querySelectorAll("[data-count]")) {
    const count = String(counts[badge.dataset.count] ?? 0);
    changed ||= badge.textContent !== count;
    badge.textContent = count;
    badge.classList.toggle("none", count === "0");
    if (badge.dataset.count === "overdue") badge.classList.toggle("alarm", count !== "0");
  }
  return changed;
}

async function renew() {
  const address = new URL(location.href);
  address.searchParams.set("part", "list");
  const answer = await fetch(address, { headers: { Accept: "text/html" } });
  if (!answer.ok || answer.redirected) return;
  const fresh = await answer.text();
  const focused = document.activeElement?.getAttribute("href");
  // Written by the server, which escapes whatever people wrote.
  list.innerHTML = fresh;
  if (focused) list.querySelector(`[data-row][href="${CSS.escape(focused)}"]`)?.focus();
}

listen();
stream.addEventListener("counts", (event) => {
  if (show(JSON.parse(event.data))) renew().catch(() => {});
});

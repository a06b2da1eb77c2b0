// The list of alarms, live: it is reloaded whenever the number of unopened ones changes.

import { stream } from "./desk.js";
import { listen } from "./keys.js";

const list = document.getElementById("list");
const button = document.getElementById("see-all");
let unseen = -1;

async function renew() {
  const answer = await fetch("/console/alarms?part=list", { headers: { Accept: "text/html" } });
  if (!answer.ok || answer.redirected) return;
  const focused = document.activeElement?.getAttribute("href");
  // Written by the server, which escapes whatever people wrote.
  list.innerHTML = await answer.text();
  if (focused) list.querySelector(`[data-row][href="${CSS.escape(focused)}"]`)?.focus();
}

listen();
stream.addEventListener("desk", (event) => {
  const { alarms } = JSON.parse(event.data);
  button.hidden = alarms === 0;
  if (unseen >= 0 && alarms !== unseen) renew().catch(() => {});
  unseen = alarms;
});

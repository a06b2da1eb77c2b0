// The page of an incident notice, live: how far it has come, and what can be done with it now.

import { stream } from "./desk.js";
import { renew } from "./fragments.js";

const part = document.getElementById("incident");
const said = document.getElementById("incident-said");
let latest = part.dataset.revision;
let isRenewing = false;

const state = () => part.querySelector("[data-state]").textContent;

/** Renews the part until it is as new as the stream tells, one request at a time. */
async function follow() {
  if (isRenewing) return;
  isRenewing = true;
  try {
    while (part.dataset.revision !== latest) {
      const [asked, before] = [latest, state()];
      if (!(await renew(part, part.dataset.address))) return;
      part.dataset.revision = asked;
      if (state() !== before) said.textContent = state();
    }
  } finally {
    isRenewing = false;
  }
}

stream.addEventListener("incident", (event) => {
  latest = JSON.parse(event.data);
  // Without a network the next change is tried again.
  follow().catch(() => {});
});

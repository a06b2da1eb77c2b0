// The home page, live: it is fetched again as soon as a count or the agent's own list has changed.

import { stream } from "./desk.js";
import { renew } from "./fragments.js";
import { listen } from "./keys.js";

/** What waits longer is fetched this often, too: the page shows for how long. */
const EVERY = 60_000;

const home = document.getElementById("home");
const known = new Map();
let fetching = false;
let again = false;

async function refresh() {
  if (fetching) {
    again = true;
    return;
  }
  fetching = true;
  try {
    do {
      again = false;
      await renew(home, "/console/?part=main");
    } while (again);
  } catch {
    // The next change fetches it.
  } finally {
    fetching = false;
  }
}

listen({ t: () => document.getElementById("next-take")?.click() });
for (const topic of ["counts", "list", "desk"]) {
  stream.addEventListener(topic, ({ data }) => {
    const before = known.get(topic);
    known.set(topic, data);
    if (before !== undefined && before !== data) refresh();
  });
}
window.setInterval(() => {
  if (document.visibilityState === "visible") refresh();
}, EVERY);

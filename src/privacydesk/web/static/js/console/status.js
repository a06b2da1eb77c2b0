// The status page, fetched again every few seconds while somebody looks at it.

import { renew } from "./fragments.js";

const EVERY = 5_000;

const place = document.getElementById("status");

window.setInterval(() => {
  if (document.visibilityState === "visible") renew(place, "/console/status/now").catch(() => false);
}, EVERY);

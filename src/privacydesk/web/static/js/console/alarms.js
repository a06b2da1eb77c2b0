// The list of alarms, live: it is reloaded whenever the number of unopened ones changes.

import { stream } from "./desk.js";
import { renew } from "./fragments.js";
import { listen } from "./keys.js";

const list = document.getElementById("list");
const button = document.getElementById("see-all");
let unseen = -1;

listen();
stream.addEventListener("desk", (event) => {
  const { alarms } = JSON.parse(event.data);
  button.hidden = alarms === 0;
  if (unseen >= 0 && alarms !== unseen) renew(list, "/console/alarms?part=list").catch(() => {});
  unseen = alarms;
});

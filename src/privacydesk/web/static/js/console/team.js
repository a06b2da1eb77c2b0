// The team, live: who is there changes in place; what somebody is filling in stays.

import { stream } from "./desk.js";

stream.addEventListener("desk", (event) => {
  const { team } = JSON.parse(event.data);
  for (const place of document.querySelectorAll("[data-standing]")) {
    const standing = team[place.dataset.standing] ?? "off";
    place.dataset.state = standing;
    for (const word of place.children) word.hidden = word.dataset.is !== standing;
  }
});

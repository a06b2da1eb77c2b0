// Shows how far an uploaded policy is prepared, until it can be put in force.
import { renew } from "./fragments.js";

const EVERY = 2000;
const place = document.getElementById("progress");

async function look() {
  const goes = await renew(place, place.dataset.address).catch(() => true);
  if (goes && place.querySelector("[data-preparing]")) setTimeout(look, EVERY);
}

setTimeout(look, EVERY);

// Ticking the rows of the inbox for one action on all of them: with x, and ranges with Shift.

import { current } from "./keys.js";

const list = document.getElementById("list");
const bar = document.getElementById("bulk");
const told = document.getElementById("selected");

/** @returns {HTMLInputElement[]} */
const boxes = () => [...list.querySelectorAll("input[name='ticket']")];

const TICKED = "desk-ticked";

/** The value of the box ticked or cleared last, where a range begins. */
let anchor = "";

function show() {
  const all = document.getElementById("select-all");
  const every = boxes();
  const ticked = every.filter((box) => box.checked).length;
  if (told) told.textContent = ticked ? told.dataset.text.replace("{n}", String(ticked)) : "";
  if (!all) return;
  all.hidden = false;
  all.checked = ticked > 0 && ticked === every.length;
  all.indeterminate = ticked > 0 && ticked < every.length;
}

/** Gives the boxes from the last one to this one its state. @param {HTMLInputElement} box */
function extend(box) {
  const every = boxes();
  const from = every.findIndex((one) => one.value === anchor);
  const to = every.indexOf(box);
  if (from < 0) return;
  for (const one of every.slice(Math.min(from, to), Math.max(from, to) + 1)) one.checked = box.checked;
}

/** @param {boolean} range */
function toggle(range) {
  const box = current()?.closest("tr")?.querySelector("input[name='ticket']");
  if (!box) return;
  box.checked = !box.checked;
  if (range) extend(box);
  anchor = box.value;
  show();
}

/** What keys do in a list whose rows can be ticked. */
export const selectionKeys = bar ? { x: () => toggle(false), X: () => toggle(true) } : {};

/** @returns {() => void} ticks again what is ticked now, after the list was fetched anew */
export function keptSelection() {
  const ticked = new Set(boxes().filter((box) => box.checked).map((box) => box.value));
  return () => {
    for (const box of boxes()) box.checked = ticked.has(box.value);
    show();
  };
}

/** Ticks what was ticked when an action was chosen and not carried out. */
function restore() {
  const address = new URL(location.href);
  if (!address.searchParams.has("ticked")) return;
  address.searchParams.delete("ticked");
  history.replaceState(history.state, "", address);
  const ticked = (sessionStorage.getItem(TICKED) ?? "").split(" ");
  for (const box of boxes()) box.checked = ticked.includes(box.value);
}

if (bar) {
  bar.addEventListener("submit", () => {
    const ticked = boxes().filter((box) => box.checked).map((box) => box.value);
    sessionStorage.setItem(TICKED, ticked.join(" "));
  });
  restore();
  list.addEventListener("click", (event) => {
    const box = event.target;
    if (!(box instanceof HTMLInputElement)) return;
    if (box.id === "select-all") for (const one of boxes()) one.checked = box.checked;
    else if (event.shiftKey) extend(box);
    anchor = box.value;
    show();
  });
  // Once the form has cleared its boxes.
  bar.addEventListener("reset", () => setTimeout(show));
  show();
}

// The menu as tiles: what suits this person first, then what most people come for, then the rest.

import { el } from "./dom.js";
import { icon } from "./icons.js";

/** @typedef {import("./words.js").Words} Words */

/**
 * @typedef {object} Choice
 * @property {string} id
 * @property {string} label
 * @property {string} style
 */

/** Choices whose icon has another name. */
const ICONS = { "desk:human": "human" };

/**
 * Return the buttons of a menu. All are the choices that the desk offers; it says which come first.
 *
 * @param {Words} words
 * @param {any} event that asks
 * @param {Choice[]} offered
 * @param {(choice: Choice) => HTMLElement} button makes one
 * @param {boolean} waits whether a request of theirs is still open
 */
export function menuOf(words, event, offered, button, waits) {
  const { suggested = [], most_used: mostUsed = [] } = event.data.menu;
  const suits = (choice) => suggested.includes(choice.id) || (waits && choice.id === "request_status");
  const lead = offered.filter(suits);
  const tiles = offered.filter((choice) => mostUsed.includes(choice.id) && !lead.includes(choice));
  const rest = offered.filter((choice) => !lead.includes(choice) && !tiles.includes(choice));
  const drawn = (choice, kind, label = choice.label) => {
    const made = button(choice);
    made.className = `button ${kind}`;
    made.replaceChildren(icon(ICONS[choice.id] ?? choice.id), el("span", {}, label));
    return made;
  };
  return [
    ...lead.map((choice) => {
      const suggestion = words.t(`start.suggest_${choice.id}`);
      return drawn(choice, "suggestion", suggestion || choice.label);
    }),
    el("div", { class: "tiles" }, ...tiles.map((choice) => drawn(choice, "tile"))),
    ...(rest.length ? unfolding(words, rest.map((choice) => drawn(choice, "item"))) : []),
  ];
}

/**
 * @param {Words} words
 * @param {HTMLElement[]} items
 */
function unfolding(words, items) {
  const list = el("div", { class: "items", id: "menu-rest", hidden: "" }, ...items);
  const more = el(
    "button",
    { type: "button", class: "button quiet menu-more", "aria-expanded": "false", "aria-controls": "menu-rest" },
    icon("more"),
    el("span", {}, words.t("start.more")),
  );
  more.addEventListener("click", () => {
    more.remove();
    list.hidden = false;
    items[0].focus();
  });
  return [more, list];
}

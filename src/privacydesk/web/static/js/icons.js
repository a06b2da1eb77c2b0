// The icons of all pages: symbols of one file, drawn in the colour of the text around them. And the
// avatars: the desk's mark, or a person's initial.

import { el } from "./dom.js";

const SPRITE = new URL("../img/icons.svg", import.meta.url).href;
const SVG = "http://www.w3.org/2000/svg";

/**
 * Return an icon. It is decoration: what it means is written beside it or in a label.
 *
 * @param {string} name of a symbol in `img/icons.svg`
 * @param {string} [more] further class names
 */
export function icon(name, more = "") {
  const drawn = document.createElementNS(SVG, "svg");
  drawn.setAttribute("class", `icon ${more}`.trim());
  drawn.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(SVG, "use");
  use.setAttribute("href", `${SPRITE}#${name}`);
  drawn.append(use);
  return drawn;
}

/**
 * Return the avatar of a person, or of the desk.
 *
 * @param {string} [name] the person's; without one it is the desk's
 */
export function avatar(name = "") {
  const [initial = ""] = name;
  return el(
    "span",
    { class: name ? "avatar human" : "avatar", "aria-hidden": "true" },
    initial.toLocaleUpperCase(),
  );
}

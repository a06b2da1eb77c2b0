// Cards: a warning before something irreversible, labelled values, files.

import { el, size } from "./dom.js";

/** Values with more characters are read below their label, not beside it. */
const LONG = 120;

/** @typedef {import("./words.js").Words} Words */

/**
 * @param {Words} words
 * @param {any} event
 */
export function warningCard(words, event) {
  return el(
    "div",
    { class: "card warning" },
    el("h2", {}, words.t("warning.label")),
    spoken(event.text, event.lang),
  );
}

/**
 * @param {Words} words
 * @param {any} event
 */
export function detailsCard(words, event) {
  const rows = event.data?.rows ?? [];
  const isLong = rows.some((row) => row.value.length > LONG);
  return el(
    "div",
    { class: isLong ? "card details long" : "card details", role: "group", "aria-label": words.t("details.label"), lang: event.lang },
    el("dl", { class: "rows" }, ...rows.map((row) => pair(row.label, row.value))),
  );
}

/** @param {any} event */
export function fileList(event) {
  const files = event.data?.files ?? [];
  return el(
    "ul",
    { class: "files" },
    ...files.map((file) =>
      el(
        "li",
        {},
        el("bdi", {}, file.name),
        el("span", { class: "size" }, size(Number(file.size) || 0)),
      ),
    ),
  );
}

/**
 * @param {string} label
 * @param {string | Node} value
 */
function pair(label, value) {
  return el("div", {}, el("dt", {}, label), el("dd", {}, value));
}

/**
 * Words in their own language and direction.
 *
 * @param {string} text
 * @param {string} lang
 */
export function spoken(text, lang) {
  return el("p", { class: "words", lang: lang || undefined, dir: "auto" }, ...whole(text));
}

const NUMBER = /([A-Z]{2}(?:-[0-9A-Z]{3,4}){2,4})/;

/**
 * Keep request numbers in one piece: they are read aloud, and a line would end at each hyphen.
 *
 * @param {string} text
 */
function whole(text) {
  // Every second part is what the pattern found.
  return text
    .split(NUMBER)
    .map((part, at) => (at % 2 ? el("span", { class: "request-number" }, part) : part))
    .filter(Boolean);
}

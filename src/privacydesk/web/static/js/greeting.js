// The greeting: who answers, and what is recorded. Its first line is the sentence, the rest the note.

import { spoken } from "./cards.js";
import { byId, el } from "./dom.js";
import { avatar } from "./icons.js";
import { policyAddress } from "./quotes.js";

/** @typedef {import("./words.js").Words} Words */

/** What a conversation begins with: who answers, and the menu. */
export const FIRST_SCREEN = ["desk.greeting", "desk.menu"];

/** @param {any} event @returns {boolean} whether it is of the first screen, or a choice of its language */
export function isFirstScreen(event) {
  return FIRST_SCREEN.includes(event.key) || event.key === "desk.language_name";
}

/** @param {any} event */
export function isGreeting(event) {
  return event.key === "desk.greeting" && event.kind === "text";
}

/**
 * Return the beginning of a conversation: a face, a name and a sentence.
 *
 * @param {Words} words
 * @param {any} event
 * @param {boolean} linked whether there is a page with the whole policy
 */
export function greetingCard(words, event, linked) {
  const [sentence] = event.text.split("\n", 1);
  return el(
    "div",
    { class: "greeting" },
    avatar(),
    el("h2", {}, byId("desk-name").textContent),
    spoken(sentence, event.lang),
    el("div", { class: "recorded-then" }, ...recordedNote(words, event, linked)),
  );
}

/**
 * Return what the desk records.
 *
 * @param {Words} words
 * @param {any} event
 * @param {boolean} linked as for `greetingCard`
 */
export function recordedNote(words, event, linked) {
  const note = event.text.split("\n").slice(1).join("\n");
  const link = linked
    ? el("a", { href: policyAddress(words), target: "_blank", rel: "noopener" }, words.t("policy.title"))
    : null;
  return [note ? spoken(note, event.lang) : null, link].filter(Boolean);
}

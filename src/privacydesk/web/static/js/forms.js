// Answers that are quicker to give in a form: several choices ticked and submitted at once.

import { el } from "./dom.js";

/** @typedef {import("./words.js").Words} Words */
/** @typedef {{id: string, label: string, style: string, detail?: string}} Choice */

/** The choice that stands for every other one. */
const ALL = "all";

/** @param {Choice} choice @returns {boolean} whether it is a value, and not what to do instead */
function isValue(choice) {
  return !/^(_|desk:)/.test(choice.id);
}

/** @param {any} event @returns {boolean} whether several of a question's choices may be made */
export function takesSeveral(event) {
  return Boolean(event?.data?.many) && (event.choices ?? []).filter(isValue).length > 1;
}

export class Picks {
  /**
   * @param {Words} words
   * @param {{choose: (choice: Choice, offset: number) => void,
   *   chooseSeveral: (choices: Choice[], offset: number) => void}} acts
   */
  constructor(words, acts) {
    this.words = words;
    this.acts = acts;
    this.offset = 0;
    /** @type {Set<string>} what is ticked, kept when the page's language changes */
    this.ticked = new Set();
  }

  /**
   * @param {any} event the question
   * @returns {HTMLElement} its choices as a form
   */
  form(event) {
    if (event.offset !== this.offset) this.ticked.clear();
    this.offset = event.offset;
    /** @type {Choice[]} */
    const choices = event.choices;
    const every = choices.find((choice) => choice.id === ALL);
    const done = choices.find((choice) => choice.id === "_done");
    const values = choices.filter((choice) => isValue(choice) && choice !== every);
    const boxes = values.map((choice) => this.box(choice.id));
    const all = this.box("");
    const submit = el("button", { type: "submit", class: "button primary" });
    const refresh = () => {
      const count = boxes.filter((box) => box.checked).length;
      all.checked = count === boxes.length;
      all.indeterminate = count > 0 && !all.checked;
      submit.disabled = !count && !done;
      submit.textContent = count || !done ? this.words.t("picks.submit", { count }) : done.label;
    };
    const form = el(
      "form",
      { class: "picks", lang: event.lang || undefined },
      el(
        "fieldset",
        {},
        el("legend", { class: "unseen" }, event.text),
        row(all, every?.label ?? this.words.t("picks.all"), "", "all"),
        ...values.map((choice, at) => row(boxes[at], choice.label, choice.detail ?? "")),
      ),
      el(
        "div",
        { class: "acts" },
        submit,
        ...choices
          .filter((choice) => !isValue(choice) && choice !== done)
          .map((choice) => this.button(choice, event.offset)),
      ),
    );
    form.addEventListener("change", (change) => {
      if (change.target === all) for (const box of boxes) box.checked = all.checked;
      for (const box of boxes) this.ticked[box.checked ? "add" : "delete"](box.value);
      refresh();
    });
    form.addEventListener("submit", (submitted) => {
      submitted.preventDefault();
      const chosen = values.filter((_, at) => boxes[at].checked);
      if (!chosen.length) return done && this.acts.choose(done, event.offset);
      const whole = every && chosen.length === values.length;
      this.acts.chooseSeveral(whole ? [every] : chosen, event.offset);
    });
    refresh();
    return form;
  }

  /**
   * @param {string} value
   * @returns {HTMLInputElement}
   */
  box(value) {
    const box = /** @type {HTMLInputElement} */ (el("input", { type: "checkbox", value }));
    box.checked = this.ticked.has(value);
    return box;
  }

  /**
   * @param {Choice} choice
   * @param {number} offset
   */
  button(choice, offset) {
    return el(
      "button",
      {
        type: "button",
        class: `button ${choice.style}`,
        "data-choice": choice.id,
        onclick: () => this.acts.choose(choice, offset),
      },
      choice.label,
    );
  }
}

/**
 * @param {HTMLInputElement} box
 * @param {string} label
 * @param {string} detail
 * @param {string} [kind]
 */
function row(box, label, detail, kind = "") {
  return el(
    "label",
    { class: `pick ${kind}`.trim() },
    box,
    el("span", { class: "pick-name" }, label),
    detail ? el("span", { class: "pick-detail" }, detail) : null,
  );
}

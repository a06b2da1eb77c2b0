// Answers that are quicker to give in a form: several choices ticked and submitted at once, and a
// button that waits until another code may be sent; and the card above the two buttons of a
// confirmation.

import { el } from "./dom.js";

/** @typedef {import("./words.js").Words} Words */
/** @typedef {{id: string, label: string, style: string, detail?: string}} Choice */

/** The choice that stands for every other one. */
const ALL = "all";

/** @param {Choice} choice @returns {boolean} whether it is a value, and not what to do instead */
export function isValue(choice) {
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
    /** The question of which several choices are ticked, where most people choose one. */
    this.opened = 0;
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
    const listed = choices.filter((choice) => isValue(choice) && choice !== every);
    const held = listed.filter((choice) => !event.data.empty?.includes(choice.id));
    // Where nothing is held at all, what is asked for is still the person's to say.
    const values = held.length ? held : listed;
    const boxes = values.map((choice) => this.box(choice.id));
    // What "all" does not mean is ticked by itself.
    const apart = event.data.apart ?? [];
    const meant = boxes.filter((box) => !apart.includes(box.value));
    const all = this.box("");
    const submit = el("button", { type: "submit", class: "button primary", "data-choice": done?.id });
    const refresh = () => {
      const count = boxes.filter((box) => box.checked).length;
      all.checked = meant.every((box) => box.checked);
      all.indeterminate = !all.checked && meant.some((box) => box.checked);
      submit.disabled = !count && !done;
      submit.textContent = count ? this.words.t("picks.submit", { count }) : (done?.label ?? this.words.t("picks.none"));
    };
    const form = el(
      "form",
      { class: "picks", lang: event.lang || undefined },
      el(
        "fieldset",
        {},
        el("legend", { class: "unseen" }, event.text),
        every ? row(all, every.label, "", "all") : null,
        ...values.map((choice, at) => row(boxes[at], choice.label, choice.detail ?? "")),
        values.length < listed.length ? this.nothing(listed.filter((choice) => !held.includes(choice))) : null,
      ),
      el(
        "div",
        { class: "acts" },
        submit,
        ...choices
          .filter((choice) => !isValue(choice) && choice !== done)
          .map((choice) => choiceButton(choice, () => this.acts.choose(choice, event.offset))),
      ),
    );
    form.addEventListener("change", (change) => {
      if (change.target === all) for (const box of meant) box.checked = all.checked;
      for (const box of boxes) this.ticked[box.checked ? "add" : "delete"](box.value);
      refresh();
    });
    form.addEventListener("submit", (submitted) => {
      submitted.preventDefault();
      const chosen = values.filter((_, at) => boxes[at].checked);
      if (!chosen.length) return done && this.acts.choose(done, event.offset);
      const besides = chosen.filter((choice) => apart.includes(choice.id));
      this.acts.chooseSeveral(every && all.checked ? [every, ...besides] : chosen, event.offset);
    });
    refresh();
    return form;
  }

  /** @param {Choice[]} choices of which nothing is held */
  nothing(choices) {
    const names = choices.map((choice) => choice.label);
    return el("p", { class: "pick-none" }, this.words.t("picks.nothing", { names: this.words.list(names) }));
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
}

/**
 * A button that answers with one choice.
 *
 * @param {Choice} choice
 * @param {() => void} choose
 */
export function choiceButton(choice, choose) {
  return el(
    "button",
    { type: "button", class: `button ${choice.style}`, "data-choice": choice.id, onclick: choose },
    choice.label,
  );
}

/**
 * @param {HTMLInputElement} box
 * @param {string} label
 * @param {string} detail
 * @param {string} [kind]
 */
export function row(box, label, detail, kind = "") {
  return el(
    "label",
    { class: `pick ${kind}`.trim() },
    box,
    el("span", { class: "pick-name" }, label),
    detail ? el("span", { class: "pick-detail" }, detail) : null,
  );
}

/**
 * Keep a button waiting until its choice may be made, and show for how long.
 *
 * The wait is that of the desk's clock, in case the device's is wrong.
 *
 * @param {HTMLButtonElement} button
 * @param {string} label
 * @param {any} event the question
 * @param {Words} words
 */
export function holdBack(button, label, event, words) {
  const until = Date.parse(event.data.resend.at);
  const end = Math.min(until, Date.now() + (until - Date.parse(event.at)));
  const tick = () => {
    const left = Math.ceil((end - Date.now()) / 1000);
    button.disabled = left > 0;
    button.textContent = left > 0 ? words.t("code.wait", { label, time: clock(left) }) : label;
    if (left > 0 && (button.isConnected || !button.dataset.shown)) window.setTimeout(tick, 1000);
    button.dataset.shown = "yes";
  };
  tick();
}

/** @param {number} seconds @returns {string} minutes and seconds: 1:05 */
function clock(seconds) {
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}

/**
 * @param {Words} words
 * @param {any} event a confirmation, with what goes and stays or changes
 */
export function summaryCard(words, event) {
  const { goes = [], stays = [], changes = [], notes = [] } = event.data.summary;
  const danger = event.kind === "warning";
  const told = el("ul", { class: "notes" }, ...notes.map((note) => el("li", {}, note)));
  return el(
    "div",
    { class: `card summary${danger ? " warning" : ""}`, lang: event.lang, "data-card": "summary" },
    danger ? el("h2", {}, words.t("warning.label")) : null,
    // A warning comes first: the end of a long card is below the buttons.
    danger ? told : null,
    el(
      "div",
      { class: "sides" },
      goes.length ? side("goes", words.t(danger ? "summary.goes" : "summary.ends"), goes) : null,
      stays.length ? side("stays", words.t("summary.stays"), stays) : null,
      ...changes.map((change) => changed(words, change)),
    ),
    danger ? null : told,
  );
}

/**
 * @param {string} kind
 * @param {string} title
 * @param {{label: string, detail?: string}[]} things
 */
function side(kind, title, things) {
  return el(
    "section",
    { class: `side ${kind}` },
    el("h3", {}, title),
    el(
      "ul",
      {},
      ...things.map((thing) =>
        el("li", {}, el("span", {}, thing.label), thing.detail ? el("small", {}, thing.detail) : null),
      ),
    ),
  );
}

/**
 * @param {Words} words
 * @param {{label: string, old: string, new: string}} change
 */
function changed(words, change) {
  const value = (name, text) => el("div", {}, el("dt", {}, words.t(`summary.${name}`)), el("dd", {}, el("bdi", {}, text)));
  return el(
    "section",
    { class: "side changes" },
    el("h3", {}, `${words.t("summary.changes")} · ${change.label}`),
    el("dl", {}, change.old ? value("old", change.old) : null, value("new", change.new)),
  );
}

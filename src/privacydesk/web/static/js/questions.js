// A card of questions: several asked at once, handed in with one button. What was filled in stays
// while the same questions are asked again, or the rest of them once one was answered in words.

import { el } from "./dom.js";
import { choiceButton, row } from "./forms.js";

/** @typedef {import("./words.js").Words} Words */
/** @typedef {import("./forms.js").Choice} Choice */
/**
 * @typedef {object} Field
 * @property {string} name
 * @property {"choice" | "choices" | "date" | "text" | "long" | "contact"} kind
 * @property {string} label
 * @property {string} [hint]
 * @property {boolean} [optional]
 * @property {{id: string, label: string}[]} [choices]
 */

/** The parts of a date, how many digits each may have, and their order in a language. */
const DIGITS = { year: 4, month: 2, day: 2 };
const LARGE_FIRST = ["year", "month", "day"];
const ORDER = { en: ["day", "month", "year"] };

export class QuestionCard {
  /**
   * @param {Words} words
   * @param {{choose: (choice: Choice, offset: number) => void,
   *   handIn: (values: Record<string, string | string[]>, shown: string, offset: number) => void}} acts
   */
  constructor(words, acts) {
    this.words = words;
    this.acts = acts;
    /** The names of the fields that are shown. */
    this.names = new Set();
    /** @type {Record<string, string | string[]>} what is filled in, by the names of the inputs */
    this.kept = {};
  }

  /** Forget what was filled in. */
  clear() {
    this.kept = {};
  }

  /**
   * @param {any} event the question
   * @param {Choice[]} instead what may be done instead
   * @returns {HTMLElement}
   */
  form(event, instead) {
    /** @type {Field[]} */
    const fields = event.data.card.fields;
    if (!fields.every((field) => this.names.has(field.name))) this.clear();
    this.names = new Set(fields.map((field) => field.name));
    const form = /** @type {HTMLFormElement} */ (
      el(
        "form",
        { class: "question-card", lang: event.lang || undefined, novalidate: true, autocomplete: "off" },
        ...fields.map((field) => this.field(field)),
        el(
          "div",
          { class: "acts" },
          el("button", { type: "submit", class: "button primary" }, this.words.t("questions.submit")),
          ...instead.map((choice) => choiceButton(choice, () => this.acts.choose(choice, event.offset))),
        ),
      )
    );
    form.addEventListener("input", () => this.keep(form));
    form.addEventListener("submit", (submitted) => {
      submitted.preventDefault();
      this.submit(form, fields, event.offset);
    });
    return form;
  }

  /** @param {HTMLFormElement} form */
  keep(form) {
    this.kept = {};
    for (const [name, value] of new FormData(form)) {
      const before = this.kept[name];
      this.kept[name] = before === undefined ? String(value) : [before, String(value)].flat();
    }
  }

  /**
   * @param {HTMLFormElement} form
   * @param {Field[]} fields
   * @param {number} offset
   */
  submit(form, fields, offset) {
    this.keep(form);
    /** @type {Record<string, string | string[]>} */
    const values = {};
    let first = null;
    for (const field of fields) {
      const value = this.value(field);
      const problem =
        value === null ? "questions.no_date" : value.length || field.optional ? "" : "questions.needed";
      const box = this.mark(form, field, problem);
      if (problem) first ??= box;
      else if (value.length) values[field.name] = value;
    }
    if (first) {
      first.querySelector("input, textarea")?.focus();
      return;
    }
    const shown = fields.flatMap((field) => this.shown(field, values));
    this.clear();
    this.acts.handIn(values, shown.join("\n"), offset);
  }

  /**
   * @param {Field} field
   * @returns {string | string[] | null} its value; empty for none, null for a date that is none
   */
  value(field) {
    if (field.kind === "date") return this.date(field);
    const value = this.kept[field.name] ?? "";
    if (field.kind === "choices") return [value].flat().filter(Boolean);
    return String(value).trim();
  }

  /**
   * @param {Field} field
   * @returns {string | null} as far as it is known: 2014, 2014-05 or 2014-05-01
   */
  date(field) {
    const parts = LARGE_FIRST.map((part) => String(this.kept[`${field.name}.${part}`] ?? "").trim());
    const [year, month, day] = parts;
    if (!parts.some(Boolean)) return "";
    if (!/^\d{4}$/.test(year) || (day && !month)) return null;
    const told = [year, ...[month, day].filter(Boolean).map((part) => part.padStart(2, "0"))].join("-");
    const at = new Date(`${told}T00:00:00Z`);
    const real = !Number.isNaN(at.getTime()) && at.toISOString().startsWith(told);
    return real && told <= this.words.today() ? told : null;
  }

  /**
   * @param {Field} field
   * @param {Record<string, string | string[]>} values
   * @returns {string[]}
   */
  shown(field, values) {
    const given = [values[field.name] ?? []].flat();
    return given.map((one) => field.choices?.find((choice) => choice.id === one)?.label ?? one);
  }

  /**
   * Say at a field what is wrong with it.
   *
   * @param {HTMLElement} form
   * @param {Field} field
   * @param {string} problem the key of what is said; empty for nothing
   */
  mark(form, field, problem) {
    const box = form.querySelector(`[data-field="${field.name}"]`);
    const said = box?.querySelector(".problem");
    if (said) said.textContent = problem ? this.words.t(problem) : "";
    for (const input of box?.querySelectorAll("input, textarea") ?? []) {
      input.setAttribute("aria-invalid", String(Boolean(problem)));
    }
    return box;
  }

  /** @param {Field} field */
  field(field) {
    const about = `about-${field.name}`;
    const head = [
      field.label,
      field.optional ? el("small", { class: "optional" }, this.words.t("questions.optional")) : null,
    ];
    const hint = el(
      "p",
      { class: "about", id: about },
      field.hint ?? null,
      el("span", { class: "problem", role: "alert" }),
    );
    if (field.kind === "choice" || field.kind === "choices" || field.kind === "date") {
      const inputs = field.kind === "date" ? this.parts(field) : this.boxes(field);
      return el(
        "fieldset",
        { "data-field": field.name, "data-kind": field.kind, "aria-describedby": about },
        el("legend", {}, ...head),
        hint,
        inputs,
      );
    }
    return el(
      "div",
      { "data-field": field.name, "data-kind": field.kind, class: "line" },
      el("label", { for: `field-${field.name}` }, ...head),
      hint,
      this.line(field, about),
    );
  }

  /** @param {Field} field */
  boxes(field) {
    const type = field.kind === "choice" ? "radio" : "checkbox";
    const chosen = [this.kept[field.name] ?? []].flat();
    return el(
      "div",
      { class: "options" },
      ...(field.choices ?? []).map((choice) => {
        const box = /** @type {HTMLInputElement} */ (el("input", { type, name: field.name, value: choice.id }));
        box.checked = chosen.includes(choice.id);
        return row(box, choice.label, "");
      }),
    );
  }

  /** @param {Field} field */
  parts(field) {
    return el(
      "div",
      { class: "date-parts" },
      ...(ORDER[this.words.lang] ?? LARGE_FIRST).map((part) => {
        const name = `${field.name}.${part}`;
        const input = /** @type {HTMLInputElement} */ (
          el("input", { name, inputmode: "numeric", maxlength: String(DIGITS[part]), "data-part": part })
        );
        input.value = String(this.kept[name] ?? "");
        return el("label", {}, el("span", {}, this.words.t(`questions.${part}`)), input);
      }),
    );
  }

  /**
   * @param {Field} field
   * @param {string} about the id of what is said about it
   */
  line(field, about) {
    const long = field.kind === "long";
    const contact = field.kind === "contact";
    const line = /** @type {HTMLInputElement} */ (
      el(long ? "textarea" : "input", {
        id: `field-${field.name}`,
        name: field.name,
        dir: "auto",
        "aria-describedby": about,
        rows: long ? "2" : undefined,
        inputmode: contact ? "email" : undefined,
        autocapitalize: contact ? "none" : undefined,
        spellcheck: contact ? "false" : undefined,
      })
    );
    line.value = String(this.kept[field.name] ?? "");
    return line;
  }
}

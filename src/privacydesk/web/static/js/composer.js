// The input: grows to five lines, sends on Enter unless a character is being composed, keeps the
// draft, and turns into a short field with the right keyboard when a code or a number is asked for.

import { byId, el } from "./dom.js";

/** @typedef {import("./words.js").Words} Words */

const TALLEST = 140;
const TYPING_EVERY = 3000;
const CODE = /^\d{6}$/;
const TOUCH = window.matchMedia("(hover: none)");
const SHORT = { code: "numeric", phone: "tel", date: "text" };

export class Composer {
  /**
   * @param {Words} words
   * @param {{send: (text: string) => void, draft: (text: string) => void,
   *   sendFiles: (alone: boolean) => "" | "files" | "all", typing: () => void, limit: () => number}} acts
   */
  constructor(words, acts) {
    this.words = words;
    this.acts = acts;
    /** @type {HTMLTextAreaElement} */
    this.text = byId("text");
    /** @type {HTMLInputElement} */
    this.short = byId("code");
    /** @type {HTMLInputElement} */
    this.day = byId("day");
    this.hint = byId("hint");
    this.kind = "text";
    this.asText = false;
    this.asked = 0;
    /** The event that says what was wrong with the last answer. @type {any} */
    this.problem = null;
    this.typedAt = 0;
    byId("composer").addEventListener("submit", (event) => {
      event.preventDefault();
      this.submit();
    });
    this.text.addEventListener("keydown", (event) => {
      // 229: some Android keyboards compose without saying so.
      if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229) {
        return;
      }
      event.preventDefault();
      this.submit();
    });
    this.text.addEventListener("input", () => this.changed());
    this.day.addEventListener("change", () => {
      // Written as people write dates: the desk reads it in every language, and it may be edited.
      if (!this.day.value || !this.day.validity.valid) return;
      this.short.value = this.words.date(this.day.value);
      this.tellTyping();
    });
    this.day.addEventListener("click", () => this.day.showPicker?.());
    this.short.addEventListener("input", (event) => {
      this.tellTyping();
      // The last digit sends a code; after a correction by hand the button does.
      const whole = this.kind === "code" && CODE.test(this.short.value.trim());
      if (whole && !event.isComposing && event.inputType !== "deleteContentBackward") this.submit();
    });
  }

  get field() {
    return this.kind in SHORT && !this.asText ? this.short : this.text;
  }

  /** @param {string} draft */
  restore(draft) {
    this.text.value = draft;
    this.grow();
  }

  /**
   * Forget what was typed, in whichever field.
   *
   * @param {string} draft what is kept of it
   */
  clear(draft) {
    this.restore(draft);
    this.short.value = this.day.value = "";
    this.asked = 0;
    this.problem = null;
    this.showHint();
  }

  changed() {
    this.grow();
    this.acts.draft(this.text.value);
    this.count();
    this.tellTyping();
  }

  tellTyping() {
    const now = Date.now();
    if (now - this.typedAt < TYPING_EVERY) return;
    this.typedAt = now;
    this.acts.typing();
  }

  grow() {
    this.text.style.height = "auto";
    this.text.style.height = `${Math.min(this.text.scrollHeight + 2, TALLEST)}px`;
  }

  /** Warn when the text gets too long, before it is refused. */
  count() {
    const limit = this.acts.limit();
    const count = [...this.text.value.trim()].length;
    if (count > limit) this.tell(this.words.t("input.too_long", { count, limit }), true);
    else if (this.hint.classList.contains("error")) this.showHint();
    return count <= limit;
  }

  submit() {
    const field = this.field;
    const text = field.value.trim();
    if (field === this.text && !this.count()) return;
    const sent = this.acts.sendFiles(!text);
    // What is written goes with the files, as soon as they are uploaded.
    if (sent === "all") return;
    if (!text) return sent || field.focus();
    field.value = "";
    this.typedAt = 0;
    this.day.value = "";
    if (field === this.text) {
      this.grow();
      this.acts.draft("");
    }
    this.acts.send(text);
    field.focus();
  }

  /** @returns {string} what is written, which is sent with files */
  take() {
    const text = this.text.value.trim();
    this.restore("");
    this.acts.draft("");
    return text;
  }

  /**
   * @param {string} text
   * @param {boolean} [error]
   */
  tell(text, error = false) {
    this.hint.classList.toggle("error", error);
    this.hint.replaceChildren(text);
  }

  /** Show the button below a short field that switches to free text and back. */
  showHint() {
    this.hint.classList.remove("error");
    this.hint.replaceChildren();
    this.short.classList.toggle("wrong", Boolean(this.problem));
    this.short.setAttribute("aria-invalid", String(Boolean(this.problem)));
    if (!(this.kind in SHORT)) return;
    if (this.problem) this.hint.append(el("p", { class: "problem", lang: this.problem.lang }, this.problem.text));
    const button = document.createElement("button");
    button.type = "button";
    button.className = "button quiet";
    button.textContent = this.words.t(this.asText ? "input.as_code" : "input.as_text");
    button.addEventListener("click", () => {
      this.asText = !this.asText;
      this.show();
      this.field.focus();
    });
    this.hint.append(button);
  }

  /**
   * @param {string} kind what the open question asks for
   * @param {"answer" | "agent" | ""} reader whether it answers the open question, or a person reads it
   * @param {number} question which one it is; 0 while none is open
   * @param {any} [problem] the event that says what was wrong with the last answer
   * @param {boolean} [buttons] whether it has buttons, which a phone's keyboard would cover
   */
  ask(kind, reader, question, problem = null, buttons = false) {
    this.problem = problem;
    const changed = kind !== this.kind;
    const focused = document.activeElement === this.field;
    if (changed) {
      // What is being written stays in sight; the short field is a tap away.
      this.asText = focused && this.field === this.text && this.text.value.trim() !== "";
    }
    if (kind in SHORT) {
      // What was typed stays where the same question comes back, and answers no other one.
      if (changed && question !== this.asked) this.short.value = "";
      this.asked = question;
    }
    this.kind = kind;
    this.reader = reader;
    this.show();
    const covers = buttons && this.field === this.text && TOUCH.matches;
    if (changed && focused && !covers) this.field.focus();
  }

  /** Nobody was born after today, or more than a hundred and twenty years ago. */
  limitDay() {
    const today = this.words.today();
    this.day.max = today;
    this.day.min = `${Number(today.slice(0, 4)) - 120}${today.slice(4)}`;
    this.day.setAttribute("aria-label", this.words.t("input.pick_date"));
    this.day.title = this.words.t("input.pick_date");
  }

  show() {
    const short = this.field === this.short;
    this.text.hidden = short;
    this.short.hidden = !short;
    const { words } = this;
    this.short.classList.toggle("boxes", this.kind === "code");
    byId("date-pick").hidden = this.kind !== "date" || !short;
    if (this.kind === "date") this.limitDay();
    if (short) {
      this.short.inputMode = SHORT[this.kind];
      this.short.autocomplete = this.kind === "code" ? "one-time-code" : this.kind === "phone" ? "tel" : "off";
      this.short.placeholder =
        this.kind === "code" ? words.t("input.code_placeholder") : words.t(`input.${this.kind}_label`);
    }
    byId("input-label").textContent = words.t(short ? `input.${this.kind}_label` : "input.label");
    this.text.placeholder = words.t(this.reader ? `input.placeholder_${this.reader}` : "input.placeholder");
    this.showHint();
  }
}

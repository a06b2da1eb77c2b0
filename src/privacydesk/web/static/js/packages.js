// A file with the person's data: a card that requests it, and one that downloads it.

import { el } from "./dom.js";
import { saveFile } from "./downloads.js";

/** @typedef {import("./words.js").Words} Words */

export class Packages {
  /**
   * @param {Words} words
   * @param {string} base
   * @param {{authorization: () => string, choose: (choice: string, shown: string) => void}} acts
   */
  constructor(words, base, acts) {
    this.words = words;
    this.base = base;
    this.acts = acts;
  }

  /** @param {any} event */
  card(event) {
    const file = event.data?.package ?? {};
    if (!file.number) return null;
    const words = this.words.of(event.lang);
    return el(
      "div",
      {
        class: "card package",
        role: "group",
        "aria-label": `${words.t("package.label")} ${file.number}`,
        "data-package": file.choice,
      },
      el("h2", {}, `${file.number}.zip`),
      el(
        "dl",
        { class: "rows" },
        pair(words.t("package.size"), file.size_text),
        pair(
          words.t("package.until"),
          el("time", { datetime: file.until, lang: event.lang }, file.until_text),
        ),
      ),
      file.link ? this.save(words, file) : this.begin(words, file),
    );
  }

  /**
   * @param {Words} words
   * @param {{choice: string}} file
   */
  begin(words, file) {
    const shown = words.t("package.get");
    return el(
      "button",
      { type: "button", class: "button", onclick: () => this.acts.choose(file.choice, shown) },
      shown,
    );
  }

  /**
   * @param {Words} words
   * @param {{number: string, link: string}} file
   */
  save(words, file) {
    const place = el("div", {});
    const button = el("button", { type: "button", class: "button primary" }, words.t("package.save"));
    const told = el("p", { class: "after", role: "status" });
    button.addEventListener("click", async () => {
      button.disabled = true;
      told.textContent = words.t("package.saving");
      const address = new URL(`v1/packages/${file.link}`, this.base);
      const outcome = await saveFile(address, `${file.number}.zip`, this.acts.authorization());
      told.textContent = words.t(`package.${outcome}`);
      button.disabled = false;
    });
    place.append(button, told);
    return place;
  }
}

/**
 * @param {string} label
 * @param {string | Node} value
 */
function pair(label, value) {
  return el("div", {}, el("dt", {}, label), el("dd", {}, value));
}

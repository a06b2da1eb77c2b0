// Files that an agent sent: fetched when they are asked for, with the same credentials as the chat.

import { el, size } from "./dom.js";

/** @typedef {import("./words.js").Words} Words */

export class Attachments {
  /**
   * @param {Words} words
   * @param {string} base
   * @param {() => string} authorization
   */
  constructor(words, base, authorization) {
    this.words = words;
    this.base = base;
    this.authorization = authorization;
    /** @type {string[]} */
    this.held = [];
  }

  /** @param {any} event */
  list(event) {
    return el("ul", { class: "files" }, ...event.data.files.map((file) => this.item(file)));
  }

  /** @param {{id: string, name: string, size: number}} file */
  item(file) {
    const place = el("li", { class: "attachment" });
    const button = el(
      "button",
      { type: "button", class: "button", "data-attachment": file.id },
      el("bdi", {}, file.name),
      el("span", { class: "size" }, size(Number(file.size) || 0)),
    );
    const fault = el("p", { class: "after", role: "alert", hidden: "" });
    button.addEventListener("click", async () => {
      button.disabled = true;
      fault.hidden = true;
      try {
        place.replaceChildren(...(await this.shown(file)));
      } catch {
        fault.textContent = this.words.t("attachment.failed");
        fault.hidden = false;
        button.disabled = false;
      }
    });
    place.append(button, fault);
    return place;
  }

  /** @param {{id: string, name: string}} file */
  async shown(file) {
    const answer = await fetch(new URL(`v1/files/${file.id}`, this.base), {
      headers: { Authorization: this.authorization() },
      cache: "no-store",
    });
    if (!answer.ok) throw new Error(String(answer.status));
    const address = URL.createObjectURL(await answer.blob());
    this.held.push(address);
    return [
      el("img", { src: address, alt: file.name, class: "picture" }),
      el("a", { href: address, download: file.name }, this.words.t("attachment.save")),
    ];
  }

  /** Nothing of another account's stays in the page. */
  clear() {
    for (const address of this.held) URL.revokeObjectURL(address);
    this.held = [];
  }
}

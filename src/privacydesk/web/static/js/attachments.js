// Files that were sent in the talk with a person, fetched with the same credentials as the chat: those
// of an agent when they are asked for; the person's own shown small, from the page while it has them.

import { el, size } from "./dom.js";
import { icon } from "./icons.js";

/** @typedef {import("./words.js").Words} Words */
/** @typedef {{id: string, name: string, size: number}} Sent */

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
    /** The addresses of what was fetched, by id. @type {Map<string, Promise<string>>} */
    this.fetched = new Map();
    /** Small copies of what was sent from this page, by id. @type {Map<string, HTMLCanvasElement>} */
    this.copies = new Map();
    /** Thumbnails that are fetched once they are in sight and the chat is open. */
    this.unseen = new IntersectionObserver((seen) => seen.forEach((one) => one.isIntersecting && this.draw(one.target)));
    /** @type {Map<Element, Sent>} */
    this.waiting = new Map();
    this.open = false;
  }

  /** @param {Map<string, HTMLCanvasElement>} copies of pictures that are being sent, by id */
  keep(copies) {
    for (const [id, copy] of copies) this.copies.set(id, copy);
  }

  /** The chat is open: what the log shows may be fetched. */
  begin() {
    this.open = true;
    for (const button of this.waiting.keys()) this.unseen.observe(button);
  }

  /** @param {any} event */
  list(event) {
    const own = event.from === "user";
    return el("ul", { class: own ? "files own" : "files" }, ...event.data.files.map((file) => this.item(file, own)));
  }

  /**
   * @param {Sent} file
   * @param {boolean} own whether the person sent it
   */
  item(file, own) {
    const place = el("li", { class: "attachment" });
    const button = own ? this.thumbnail(file) : this.named(file);
    const fault = el("p", { class: "after", role: "alert", hidden: "" });
    button.addEventListener("click", async () => {
      button.disabled = true;
      fault.hidden = true;
      try {
        place.replaceChildren(...(await this.shown(file)));
        place.classList.add("open");
      } catch {
        fault.textContent = this.words.t("attachment.failed");
        fault.hidden = false;
        button.disabled = false;
      }
    });
    place.append(button, fault);
    return place;
  }

  /** @param {Sent} file */
  named(file) {
    return el(
      "button",
      { type: "button", class: "button", "data-attachment": file.id },
      el("bdi", {}, file.name),
      el("span", { class: "size" }, size(Number(file.size) || 0)),
    );
  }

  /** @param {Sent} file */
  thumbnail(file) {
    const copy = this.copies.get(file.id);
    const button = el(
      "button",
      { type: "button", class: "thumbnail", "data-attachment": file.id, title: file.name },
      copy ?? icon("picture"),
      el("bdi", { class: "unseen" }, file.name),
    );
    copy?.setAttribute("aria-hidden", "true");
    if (copy) return button;
    this.waiting.set(button, file);
    if (this.open) this.unseen.observe(button);
    return button;
  }

  /** @param {Element} button whose picture is shown small */
  async draw(button) {
    const file = this.waiting.get(button);
    this.waiting.delete(button);
    this.unseen.unobserve(button);
    if (!file) return;
    try {
      button.querySelector(".icon")?.replaceWith(el("img", { src: await this.address(file), alt: "" }));
    } catch {
      // It is gone, or can't be had now: its name stands for it.
      button.querySelector("bdi")?.classList.remove("unseen");
    }
  }

  /** @param {Sent} file */
  async shown(file) {
    const address = await this.address(file);
    return [
      el("img", { src: address, alt: file.name, class: "picture" }),
      el("a", { href: address, download: file.name }, this.words.t("attachment.save")),
    ];
  }

  /** @param {Sent} file @returns {Promise<string>} where the page has it */
  address(file) {
    const known = this.fetched.get(file.id);
    if (known) return known;
    const fetched = this.fetch(file);
    this.fetched.set(file.id, fetched);
    fetched.catch(() => this.fetched.delete(file.id));
    return fetched;
  }

  /** @param {Sent} file */
  async fetch(file) {
    const answer = await fetch(new URL(`v1/files/${file.id}`, this.base), {
      headers: { Authorization: this.authorization() },
      cache: "no-store",
    });
    if (!answer.ok) throw new Error(String(answer.status));
    return URL.createObjectURL(await answer.blob());
  }

  /** Nothing of another account's stays in the page. */
  clear() {
    for (const fetched of this.fetched.values()) fetched.then(URL.revokeObjectURL, () => {});
    this.unseen.disconnect();
    for (const held of [this.fetched, this.copies, this.waiting]) held.clear();
  }
}

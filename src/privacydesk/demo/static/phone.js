// The phone of the person played: a message is shown above the chat as it arrives, and listed with
// the others; below are the phones of other numbers.

import { byId, el, fill, icon } from "./page.js";

const SHOWN = 45_000;

export class Phone {
  /**
   * @param {Record<string, string>} words
   * @param {(at: string) => string} format
   * @param {(text: string, button: HTMLElement) => Promise<void>} copy
   */
  constructor(words, format, copy) {
    this.words = words;
    this.format = format;
    this.copy = copy;
    this.newest = "";
    this.filled = false;
    this.unread = 0;
    this.hiding = 0;
    byId("tab-phone").addEventListener("click", () => this.count(0));
  }

  /** @param {number} unread */
  count(unread) {
    this.unread = unread;
    const badge = byId("phone-count");
    badge.textContent = String(unread);
    badge.hidden = unread === 0;
  }

  /** @param {any} person */
  show(person) {
    this.newest = "";
    this.filled = false;
    byId("phone-number").textContent = [person.phone, person.mail].filter(Boolean).join(" · ");
    byId("arrival").replaceChildren();
    this.count(0);
    this.list([]);
  }

  /** @param {any[]} messages */
  fill(messages) {
    const newest = messages[0]?.key ?? "";
    // What arrived before the panel was opened is listed, but not announced as new.
    if (this.filled && newest && newest !== this.newest) this.announce(messages[0]);
    this.newest = newest;
    this.filled = true;
    this.list(messages);
  }

  /** @param {any[]} messages */
  list(messages) {
    byId("messages-empty").hidden = messages.length > 0;
    byId("messages").replaceChildren(...messages.map((one) => this.item(one)));
  }

  /**
   * Numbers typed into the chat that belong to nobody: a phone of its own for each.
   *
   * @param {{to: string, messages: any[]}[]} phones
   */
  others(phones) {
    byId("others").replaceChildren(
      ...phones.map((one) => {
        const title = fill(this.words["phone.other"], { number: one.to });
        return el(
          "section",
          { class: "card", "aria-label": title, "data-phone": one.to },
          el("h2", {}, title),
          el("ol", { class: "messages" }, ...one.messages.map((message) => this.item(message))),
        );
      }),
    );
  }

  /** @param {any} message */
  item(message) {
    return el(
      "li",
      { class: "message" },
      el(
        "div",
        { class: "message-head" },
        el("span", {}, `${this.format(message.at)} · ${message.to}`),
        ...this.buttons(message),
      ),
      el("p", { lang: message.lang, "data-code": message.code }, message.text),
    );
  }

  /** @param {any} message */
  announce(message) {
    byId("arrival").replaceChildren(
      el("p", { lang: message.lang }, message.text),
      ...this.buttons(message),
      el(
        "button",
        { type: "button", class: "button quiet square", onclick: () => byId("arrival").replaceChildren() },
        icon("close"),
        el("span", { class: "unseen" }, this.words.close),
      ),
    );
    window.clearTimeout(this.hiding);
    this.hiding = window.setTimeout(() => byId("arrival").replaceChildren(), SHOWN);
    if (byId("view-phone").hidden) this.count(this.unread + 1);
  }

  /** @param {any} message */
  buttons(message) {
    // A notice brings no code.
    if (!message.code) return [];
    const made = el("button", { type: "button", class: "button quiet" }, this.words["phone.copy"]);
    made.addEventListener("click", () => void this.copy(message.code, made));
    return [made];
  }
}

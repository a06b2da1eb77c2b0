// The phone of whoever is played: messages as they arrive, the newest on top and above the chat.

import { byId, el } from "./page.js";

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
  }

  /** @param {any} person */
  show(person) {
    this.newest = "";
    this.filled = false;
    byId("phone-number").textContent = [person.phone, person.mail].filter(Boolean).join(" · ");
    byId("arrival").replaceChildren();
    this.list([]);
  }

  /** @param {any[]} messages */
  fill(messages) {
    const newest = messages[0]?.key ?? "";
    // What arrived before the panel was opened is in the list, and no news.
    if (this.filled && newest && newest !== this.newest) this.announce(messages[0]);
    this.newest = newest;
    this.filled = true;
    this.list(messages);
  }

  /** @param {any[]} messages */
  list(messages) {
    byId("messages-empty").hidden = messages.length > 0;
    byId("messages").replaceChildren(
      ...messages.map((one) =>
        el(
          "li",
          { class: "message" },
          el(
            "div",
            { class: "message-head" },
            el("span", {}, `${this.format(one.at)} · ${one.to}`),
            this.button(one),
          ),
          el("p", { lang: one.lang, "data-code": one.code }, one.text),
        ),
      ),
    );
  }

  /** @param {any} message */
  announce(message) {
    byId("arrival").replaceChildren(
      el("p", { lang: message.lang }, message.text),
      this.button(message),
    );
  }

  /** @param {any} message */
  button(message) {
    const made = el("button", { type: "button", class: "button quiet" }, this.words["phone.copy"]);
    made.addEventListener("click", () => void this.copy(message.code, made));
    return made;
  }
}

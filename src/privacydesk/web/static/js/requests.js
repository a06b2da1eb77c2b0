// All requests of the person: a button in the header with the count of those that are open, and a
// sheet that lists them, newest first. Choosing one shows its card.

import { byId, el } from "./dom.js";
import { icon } from "./icons.js";
import { keep, restore } from "./living.js";
import { chip, dateOf, open, ticketCard } from "./ticket.js";

/** @typedef {import("./words.js").Words} Words */

export class Requests {
  /**
   * @param {Words} words
   * @param {import("./ticket.js").Acts} acts
   */
  constructor(words, acts) {
    this.words = words;
    this.acts = {
      ...acts,
      choose: (action, number) => {
        this.close();
        acts.choose(action, number);
      },
      show: (number) => this.choose(number),
    };
    /** @type {any[]} */
    this.list = [];
    this.lang = "";
    /** The number of the request that is shown; empty while all are listed. */
    this.chosen = "";
    this.button = byId("requests");
    /** @type {HTMLDialogElement} */
    this.sheet = byId("sheet");
    this.button.addEventListener("click", () => this.open());
    byId("sheet-close").addEventListener("click", () => this.close());
    byId("sheet-back").addEventListener("click", () => this.choose(""));
    this.sheet.addEventListener("click", (event) => event.target === this.sheet && this.close());
    /** Whether the browser is on its way back from the sheet's entry of the history. */
    this.leaving = false;
    this.sheet.addEventListener("close", () => this.leave());
    window.addEventListener("popstate", () => this.arrive());
  }

  /**
   * @param {any[]} list the requests as they are now
   * @param {string} lang of their texts
   */
  update(list, lang) {
    const body = byId("sheet-body");
    const same = lang === this.lang && JSON.stringify(list) === JSON.stringify(this.list);
    this.list = list;
    this.lang = lang;
    if (same) return;
    if (!list.length) this.close();
    const kept = keep(body);
    this.show();
    restore(body, kept);
  }

  /** @param {string} [number] of the request to show; without one all are listed */
  open(number = "") {
    if (this.sheet.open) {
      if (number) this.choose(number);
      return;
    }
    this.chosen = number;
    this.show();
    this.sheet.showModal();
    this.enter();
    this.focus();
  }

  // The sheet has an entry in the history, so that the back gesture of a phone closes the sheet and
  // not the page. It may be opened again before the browser has left the entry.

  enter() {
    if (!history.state?.sheet) history.pushState({ sheet: true }, "");
  }

  leave() {
    if (this.sheet.open || !history.state?.sheet) return;
    this.leaving = true;
    history.back();
  }

  arrive() {
    const left = this.leaving;
    this.leaving = false;
    if (!this.sheet.open || history.state?.sheet) return;
    if (left) this.enter();
    else this.close();
  }

  close() {
    if (this.sheet.open) this.sheet.close();
  }

  /** @param {string} number */
  choose(number) {
    const before = this.chosen;
    this.chosen = number;
    this.show();
    if (number) this.focus();
    else this.sheet.querySelector(`[data-request="${CSS.escape(before)}"]`)?.focus();
  }

  focus() {
    byId("sheet-title").focus();
  }

  show() {
    const { words } = this;
    const count = this.list.filter(open).length;
    this.button.hidden = !this.list.length;
    byId("requests-count").textContent = count ? String(count) : "";
    byId("requests-count").hidden = !count;
    this.button.setAttribute("aria-label", words.t("requests.button", { count }));
    const ticket = this.list.find((one) => one.number === this.chosen);
    if (!ticket) this.chosen = "";
    byId("sheet-title").textContent = words.t("requests.title");
    byId("sheet-back").hidden = !ticket;
    byId("sheet-body").replaceChildren(
      ticket ? ticketCard(words, ticket, this.lang, this.acts) : el("ul", { class: "request-list" }, ...this.list.map((one) => this.row(one))),
    );
  }

  /** @param {any} ticket */
  row(ticket) {
    const items = (ticket.items ?? []).join(" · ");
    return el(
      "li",
      {},
      el(
        "button",
        {
          type: "button",
          class: "request",
          lang: this.lang || undefined,
          "data-request": ticket.number,
          onclick: () => this.choose(ticket.number),
        },
        el("span", { class: "request-names" }, el("b", {}, ticket.kind_label), el("small", {}, items)),
        el("span", { class: "request-state" }, chip(ticket), el("span", {}, dateOf(this.words, ticket))),
        icon("chevron"),
      ),
    );
  }
}

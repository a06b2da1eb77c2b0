// The cards of requests in the log: of one request the newest place shows it as it is now, and each
// earlier place one line that leads there.

import { el } from "./dom.js";
import { chip, dateOf, stateOf, ticketCard } from "./ticket.js";

/** @typedef {import("./words.js").Words} Words */
/** @typedef {{node: HTMLElement, event: any, shown: string}} Place */

export class LivingCards {
  /**
   * @param {Words} words
   * @param {import("./ticket.js").Acts} acts
   */
  constructor(words, acts) {
    this.words = words;
    this.acts = acts;
    /** @type {Map<string, Place[]>} */
    this.places = new Map();
    /** The requests as they are now, by number. @type {Map<string, any>} */
    this.now = new Map();
    this.lang = "";
  }

  clear() {
    this.places.clear();
  }

  /**
   * @param {any} event
   * @returns {HTMLElement | null} where its request is shown
   */
  place(event) {
    const number = event.data?.ticket?.number;
    if (!number) return null;
    const node = el("div", { class: "ticket-place", "data-number": number });
    const places = this.places.get(number) ?? [];
    places.push({ node, event, shown: "" });
    this.places.set(number, places);
    return node;
  }

  /**
   * @param {any[]} requests as they are now
   * @param {string} lang of their texts
   */
  update(requests, lang) {
    const before = this.now;
    this.now = new Map(requests.map((one) => [one.number, one]));
    this.lang = lang;
    for (const [number, ticket] of this.now) {
      const old = before.get(number);
      if (old && stateOf(old) !== stateOf(ticket)) {
        this.acts.say(`${ticket.kind_label} ${number}: ${stateOf(ticket)}`);
      }
    }
    this.show();
  }

  show() {
    for (const [number, places] of this.places) {
      const last = places[places.length - 1];
      for (const place of places) this.render(place, number, place === last);
    }
  }

  /**
   * @param {Place} place
   * @param {string} number
   * @param {boolean} last whether it is the newest, where the card is
   */
  render(place, number, last) {
    const { event, node } = place;
    const now = this.now.get(number);
    const ticket = last ? (now ?? event.data.ticket) : event.data.ticket;
    const lang = last && now ? this.lang : event.lang;
    const shown = JSON.stringify([last, lang, ticket]);
    if (place.shown === shown) return;
    const changed = last && place.shown !== "" && node.querySelector(".ticket");
    const kept = keep(node);
    // A change is told in few words; the whole card is not read again.
    if (place.shown !== "") node.setAttribute("aria-live", "off");
    place.shown = shown;
    node.replaceChildren(last ? this.whole(ticket, lang, event.data.folded) : this.line(event));
    restore(node, kept);
    if (changed) node.querySelector(".ticket")?.classList.add("changed");
  }

  /**
   * @param {any} ticket
   * @param {string} lang
   * @param {boolean} folded whether only its state was asked for
   */
  whole(ticket, lang, folded) {
    const words = this.words.of(lang);
    const card = ticketCard(words, ticket, lang, this.acts);
    if (!folded) return card;
    return el(
      "details",
      { class: "folded" },
      el(
        "summary",
        { lang: lang || undefined },
        el("b", {}, ticket.kind_label),
        chip(ticket),
        el("span", { class: "folded-date" }, dateOf(words, ticket)),
      ),
      card,
    );
  }

  /** @param {any} event */
  line(event) {
    const { kind_label: kind, number } = event.data.ticket;
    const then = `${kind} · ${stateOf(event.data.ticket)} · ${this.words.day(event.at)}`;
    return el(
      "button",
      {
        type: "button",
        class: "ticket-line",
        lang: event.lang || undefined,
        title: this.words.t("ticket.to_now"),
        onclick: () => this.lead(number),
      },
      then,
      el("span", { class: "unseen" }, ` ${this.words.t("ticket.to_now")}`),
    );
  }

  /** @param {string} number to whose card the page scrolls */
  lead(number) {
    const last = this.places.get(number)?.at(-1);
    const folded = last?.node.querySelector("details.folded");
    if (folded) folded.open = true;
    const card = last?.node.querySelector(".ticket");
    if (!card) return false;
    card.setAttribute("tabindex", "-1");
    card.scrollIntoView({ block: "center" });
    card.focus({ preventScroll: true });
    return true;
  }

  /** The requests whose conversation is no longer kept, and that the log does not show. */
  get purged() {
    return [...this.now.values()].filter((one) => one.purged && !this.places.has(one.number));
  }
}

/** @param {HTMLElement} node @returns {{choice: string, opened: string[]}} what a reader has open */
export function keep(node) {
  const focused = node.contains(document.activeElement) ? document.activeElement : null;
  return {
    choice: focused?.getAttribute("data-choice") ?? (focused ? "*" : ""),
    opened: [...node.querySelectorAll("details[open]")].map((one) => one.className),
  };
}

/**
 * @param {HTMLElement} node
 * @param {{choice: string, opened: string[]}} kept
 */
export function restore(node, { choice, opened }) {
  for (const name of opened) node.querySelector(`details.${name}`)?.setAttribute("open", "");
  if (!choice) return;
  const again = node.querySelector(`[data-choice="${CSS.escape(choice)}"]`) ?? node.querySelector(".ticket");
  if (again?.matches(".ticket")) again.setAttribute("tabindex", "-1");
  again?.focus({ preventScroll: true });
}

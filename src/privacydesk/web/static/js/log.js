// The log on the page: one element an event, with a day and a name where they change.

import { detailsCard, fileList, spoken, warningCard } from "./cards.js";
import { byId, el } from "./dom.js";
import { summaryCard } from "./forms.js";
import { greetingCard, isGreeting } from "./greeting.js";
import { avatar, icon } from "./icons.js";
import { quoteCard } from "./quotes.js";
import { dateOf } from "./ticket.js";

/** @typedef {import("./words.js").Words} Words */
/** @typedef {import("./store.js").Unsent} Unsent */

const LONG = 900;
const PAUSE = 5 * 60_000;

export class Log {
  /**
   * @param {Words} words
   * @param {import("./living.js").LivingCards} living
   * @param {import("./attachments.js").Attachments} attachments
   * @param {import("./packages.js").Packages} packages
   * @param {boolean} policy whether there is a page with the whole policy
   */
  constructor(words, living, attachments, packages, policy) {
    this.words = words;
    this.living = living;
    this.attachments = attachments;
    this.packages = packages;
    this.policy = policy;
    this.list = byId("log");
    this.placeholder = byId("placeholder");
    /** @type {any} */
    this.last = null;
    /** The day of the last heading. */
    this.day = "";
    /** @type {HTMLElement | null} */
    this.mark = null;
    /** Where the log says that something was removed. @type {HTMLElement | null} */
    this.gap = null;
    /** @type {HTMLElement | null} the line above what somebody has not seen yet */
    this.unread = null;
    this.busy(true);
  }

  /** @param {boolean} busy while the past is loading, nothing of it is read aloud */
  busy(busy) {
    this.list.setAttribute("aria-busy", String(busy));
    this.list.setAttribute("aria-live", busy ? "off" : "polite");
    this.placeholder.hidden = this.list.childElementCount > 0;
    this.placeholder.textContent = this.words.t(busy ? "log.loading" : "log.empty");
  }

  clear() {
    this.attachments.clear();
    this.living.clear();
    this.list.replaceChildren();
    this.last = null;
    this.day = "";
    this.mark = null;
    this.gap = null;
    this.unread = null;
    this.busy(true);
  }

  /** @param {any[]} events */
  add(events) {
    const items = document.createDocumentFragment();
    for (const [at, event] of events.entries()) {
      // The line after it says so.
      if (event.key === "desk.language_name") continue;
      // That a code was wrong is said below its boxes, and once more nowhere.
      if (isWrongCode(event) || (event.key === "desk.code_hidden" && isWrongCode(events[at + 1]))) continue;
      if (isGreeting(event)) this.beginAnew(items);
      if (event.kind === "blank") {
        // However much was removed in a row, saying so once is enough.
        if (this.last?.kind !== "blank") items.append(this.removed());
        this.last = event;
        continue;
      }
      // The card that follows says it, too; it is for clients that show text alone.
      if (event.data?.in_card) continue;
      const day = this.words.day(event.at);
      const newDay = this.day !== day;
      this.day = day;
      if (newDay) items.append(el("p", { class: "day" }, day));
      const item = this.item(event, newDay);
      if (item && this.list.getAttribute("aria-busy") === "false") item.classList.add("arrives");
      if (item) items.append(item);
      this.last = event;
    }
    this.list.append(items);
    this.living.show();
    this.showPurged();
    this.placeholder.hidden = this.list.childElementCount > 0;
  }

  /**
   * Drop the greeting in another language, which this one replaces.
   *
   * @param {DocumentFragment} items to be added
   */
  beginAnew(items) {
    this.list.replaceChildren();
    items.replaceChildren();
    this.last = null;
    this.day = "";
  }

  removed() {
    this.gap = el("div", { class: "note" }, el("p", {}, this.words.t("log.blank")), el("ul", {}));
    return this.gap;
  }

  /**
   * Show the requests as they are now.
   *
   * @param {any[]} requests
   * @param {string} lang of their texts
   */
  update(requests, lang) {
    this.living.update(requests, lang);
    this.showPurged();
  }

  /** Say under the last gap when the requests that were spoken of there were closed. */
  showPurged() {
    const { lang, purged } = this.living;
    const lines = purged.map((one) =>
      el("li", { lang: lang || undefined }, `${one.kind_label} ${one.number} · ${dateOf(this.words, one)}`),
    );
    this.gap?.querySelector("ul")?.replaceChildren(...lines);
  }

  /**
   * @param {any} event
   * @param {boolean} newDay
   */
  item(event, newDay) {
    if (event.kind === "owner" || event.from === "system") {
      if (event.kind === "owner" && event.data?.owner === "agent") return this.joined(event);
      if (!event.text && !hasCard(event)) return null;
      if (!hasCard(event)) return el("p", { class: "note", lang: event.lang, "data-key": event.key }, event.text);
    }
    if (isGreeting(event)) return this.greeting(event);
    const first =
      newDay ||
      this.last.from !== event.from ||
      this.last.author !== event.author ||
      this.last.kind === "owner" ||
      this.last.kind === "blank" ||
      Date.parse(event.at) - Date.parse(this.last.at) > PAUSE;
    const mine = event.from === "user";
    return el(
      "div",
      {
        class: `message ${event.from}${mine ? " mine" : ""}${first ? " first" : ""}`,
        "data-offset": String(event.offset),
        "data-key": event.key,
      },
      first ? this.meta(event) : this.quietMeta(event),
      ...this.content(event),
    );
  }

  /**
   * A person has joined: who they are, and since when.
   *
   * @param {any} event
   */
  joined(event) {
    const name = event.data.agent || this.words.t("from.agent_unnamed");
    return el(
      "div",
      { class: "joined", "data-key": event.key },
      avatar(name),
      el(
        "div",
        {},
        el("p", {}, el("b", { class: "badge" }, this.words.t("from.agent", { name }))),
        event.text ? spoken(event.text, event.lang) : null,
        el(
          "p",
          { class: "joined-since" },
          el("time", { datetime: event.at }, this.words.t("person.since", { time: this.words.time(event.at) })),
        ),
      ),
    );
  }

  /** @param {any} event */
  greeting(event) {
    return el(
      "div",
      { class: "message assistant first", "data-offset": String(event.offset), "data-key": event.key },
      this.quietMeta(event),
      greetingCard(this.words, event, this.policy),
    );
  }

  /** @param {any} event */
  meta(event) {
    const agent = event.from === "agent";
    const name = this.name(event);
    return el(
      "p",
      { class: "meta" },
      event.from === "assistant" ? avatar() : null,
      agent ? avatar(event.author || "?") : null,
      el("b", { class: agent ? "badge" : "" }, name),
      el("time", { datetime: event.at }, this.words.time(event.at)),
    );
  }

  /** Who and when, for screen readers; visibly, only the first of a group has it. */
  quietMeta(event) {
    return el("p", { class: "unseen" }, `${this.name(event)} ${this.words.time(event.at)}`);
  }

  /** @param {any} event */
  name(event) {
    if (event.from !== "agent") return this.words.t(`from.${event.from}`);
    if (!event.author) return this.words.t("from.agent_unnamed");
    return this.words.t("from.agent", { name: event.author });
  }

  /**
   * @param {any} event
   * @returns {(Node | null)[]}
   */
  content(event) {
    // A card is written in one language, also where the conversation went on in another.
    const words = this.words.of(event.lang);
    if (event.data?.summary) return [summaryCard(words, event)];
    switch (event.kind) {
      case "warning":
        return [warningCard(words, event)];
      case "ticket":
        return [this.living.place(event)];
      case "details":
        return [event.text ? this.bubble(event) : null, detailsCard(words, event)];
      case "package":
        return [event.text ? this.bubble(event) : null, this.packages.card(event)];
      case "uploaded":
        // What was shown to a person can be opened; what was handed in for a request, on its case.
        return [
          el(
            "div",
            { class: "bubble" },
            event.text ? spoken(event.text, event.lang) : null,
            event.data?.files?.[0]?.id ? this.attachments.list(event) : fileList(event),
          ),
        ];
      default:
        if (event.data?.passage) return [quoteCard(words, event, this.policy)];
        return [this.bubble(event), event.data?.files?.length ? this.attachments.list(event) : null];
    }
  }

  /** @param {any} event */
  bubble(event) {
    const text = spoken(event.data?.card?.text ?? event.text, event.lang);
    const bubble = el("div", { class: "bubble" }, text);
    if (event.text.length > LONG || event.text.split("\n").length > 14) {
      text.classList.add("long");
      const more = el("button", { type: "button", class: "button quiet more", "aria-expanded": "false" });
      more.textContent = this.words.t("log.show_all");
      more.addEventListener("click", () => {
        const long = text.classList.toggle("long");
        more.textContent = this.words.t(long ? "log.show_all" : "log.show_less");
        more.setAttribute("aria-expanded", String(!long));
      });
      bubble.append(more);
    }
    return bubble;
  }

  /**
   * Show under the user's last message whether an agent has seen it.
   *
   * @param {any[]} events
   * @param {any} view
   */
  marks(events, view) {
    this.mark?.remove();
    this.mark = null;
    if (view.owner === "assistant") return;
    const own = events.findLast((event) => event.from === "user");
    const item = own && this.list.querySelector(`[data-offset="${own.offset}"]`);
    if (!item) return;
    const read = view.agent_read >= own.offset;
    this.mark = el(
      "p",
      { class: read ? "after mark read" : "after mark" },
      icon(read ? "checks" : "check"),
      this.words.t(read ? "sent.read" : "sent.delivered"),
    );
    item.append(this.mark);
  }

  /**
   * Show where somebody who returns has read up to.
   *
   * @param {number} seen the last offset that was seen; 0 for none
   */
  markUnread(seen) {
    this.clearUnread();
    const items = [...this.list.querySelectorAll("[data-offset]")];
    const first = items.find((item) => Number(item.dataset.offset) > seen);
    if (!seen || !first || first === items[0] || first.classList.contains("mine")) return;
    this.unread = el("p", { class: "unread", role: "separator" }, this.words.t("log.unread"));
    first.before(this.unread);
  }

  clearUnread() {
    this.unread?.remove();
    this.unread = null;
  }
}

/** @param {any} event @returns {boolean} whether it asks for a code again after a wrong one */
export function isWrongCode(event) {
  return event?.input === "code" && Boolean(event.key?.endsWith(".wrong"));
}

/** @param {any} event */
function hasCard(event) {
  return ["ticket", "details", "package", "warning"].includes(event.kind);
}

/**
 * Show what has not arrived yet.
 *
 * @param {Words} words
 * @param {Unsent[]} unsent
 * @param {{retry: (id: string) => void, edit: (message: Unsent) => void,
 *   discard: (id: string) => void}} acts
 */
export function showUnsent(words, unsent, acts) {
  const act = (key, run) =>
    el("button", { type: "button", class: "button quiet", onclick: run }, words.t(key));
  byId("unsent").replaceChildren(
    ...unsent.map((message) => {
      const failed = message.state === "failed";
      const state = failed && message.problem ? message.problem : words.t(`unsent.${message.state}`);
      return el(
        "li",
        { class: `message mine first ${message.state}` },
        el("div", { class: "bubble" }, spoken(message.shown, "")),
        el("p", { class: "after", role: failed ? "alert" : undefined }, state),
        failed
          ? el(
              "div",
              { class: "acts" },
              act("unsent.retry", () => acts.retry(message.id)),
              message.type === "send" ? act("unsent.edit", () => acts.edit(message)) : null,
              act("unsent.delete", () => acts.discard(message.id)),
            )
          : null,
      );
    }),
  );
}

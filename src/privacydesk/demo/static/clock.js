// The demo's clock: runs on here, and is set whenever the server says so. Its dialog lists times to
// move to, and what will happen until then.

import { byId, el, fill, post } from "./page.js";

const TICK = 1000;

export class Clock {
  /**
   * @param {{now: string, zone: string}} start
   * @param {string} lang
   * @param {Record<string, string>} words
   */
  constructor(start, lang, words) {
    this.words = words;
    const zone = { timeZone: start.zone, hourCycle: /** @type {const} */ ("h23") };
    const minute = /** @type {const} */ ({ hour: "2-digit", minute: "2-digit" });
    const locale = lang === "en" ? "en-GB" : lang;
    this.whole = new Intl.DateTimeFormat(locale, { dateStyle: "full", timeStyle: "short", ...zone });
    this.short = new Intl.DateTimeFormat(locale, { month: "short", day: "numeric", ...minute, ...zone });
    this.time = new Intl.DateTimeFormat(locale, { ...minute, ...zone });
    this.ahead = 0;
    this.set(start);
    window.setInterval(() => this.tick(), TICK);
  }

  /**
   * @param {{now: string}} told
   * @param {boolean} [aloud]
   */
  set(told, aloud = false) {
    this.ahead = Date.parse(told.now) - Date.now();
    this.tick();
    if (aloud) {
      byId("clock-moved").textContent = fill(this.words["clock.moved"], { time: this.whole.format(this.now) });
    }
  }

  get now() {
    return new Date(Date.now() + this.ahead);
  }

  tick() {
    const { now } = this;
    show("clock", this.whole.format(now), now);
    show("clock-short", this.short.format(now), now);
    show("handset-time", this.time.format(now), now);
  }

  /** List the times to move to; called when the dialog opens. */
  async load() {
    const answer = await fetch(`clock?lang=${document.documentElement.lang}`);
    if (!answer.ok) throw new Error(String(answer.status));
    const { presets } = await answer.json();
    byId("presets").replaceChildren(...presets.map((/** @type {any} */ one) => this.preset(one)));
  }

  /** @param {any} preset */
  preset(preset) {
    const events = preset.events.map((/** @type {any} */ event) =>
      el(
        "li",
        {},
        el("time", { datetime: event.at }, this.format(event.at)),
        el("span", {}, `${event.text} · `, el("span", { class: "ticket-number" }, event.number)),
      ),
    );
    if (preset.more) events.push(el("li", { class: "quiet" }, preset.more));
    return el(
      "li",
      { class: "preset", "data-preset": preset.name },
      el(
        "button",
        { type: "button", class: "button", onclick: () => void this.move(preset.at) },
        el("span", {}, preset.label),
        el("span", { class: "quiet" }, this.format(preset.at)),
      ),
      events.length ? el("ul", {}, ...events) : el("p", { class: "quiet" }, this.words["clock.nothing"]),
    );
  }

  /** @param {string} to */
  async move(to) {
    const seconds = Math.max(0, (Date.parse(to) - this.now.getTime()) / 1000);
    this.set(await post("clock", { seconds }), true);
    await this.load();
  }

  /** @param {string} at */
  format(at) {
    return this.short.format(new Date(at));
  }
}

/**
 * @param {string} id
 * @param {string} text
 * @param {Date} at
 */
function show(id, text, at) {
  const place = byId(id);
  if (place.textContent === text) return;
  place.textContent = text;
  place.dateTime = at.toISOString();
}

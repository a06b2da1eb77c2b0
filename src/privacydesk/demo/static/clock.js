// The demo's clock: runs on here, and is set whenever the server says so.

import { byId, fill } from "./page.js";

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
      byId("clock-said").textContent = fill(this.words["clock.moved"], { time: this.whole.format(this.now) });
    }
  }

  get now() {
    return new Date(Date.now() + this.ahead);
  }

  tick() {
    const { now } = this;
    show("clock", this.whole.format(now), now);
    show("handset-time", this.time.format(now), now);
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

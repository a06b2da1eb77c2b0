// The page's own words, in the language the conversation is held in.

/** @typedef {{locale: string, lang: string, name: string}} Language */

const DAY = 86_400_000;

/** The reader's time zone: the browser's, unless the embedding page names another one. */
const ZONE = known(new URLSearchParams(location.search).get("zone"));

/** @param {string | null} zone */
function known(zone) {
  try {
    return zone ? new Intl.DateTimeFormat("en", { timeZone: zone }).resolvedOptions().timeZone : undefined;
  } catch {
    return undefined;
  }
}

/** @param {Date} at @returns {number} the number of its day in the reader's zone */
function dayNumber(at) {
  const day = at.toLocaleDateString("en-CA", {
    timeZone: ZONE,
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
  });
  return Date.parse(`${day}T00:00:00Z`) / DAY;
}

export class Words {
  /**
   * @param {{locale: string, locales: Language[], strings: Record<string, string>,
   *   stringsVersion: string}} config
   */
  constructor(config) {
    this.locale = config.locale;
    this.languages = config.locales;
    this.version = config.stringsVersion;
    /** @type {Map<string, Record<string, string>>} */
    this.known = new Map([[config.locale, config.strings]]);
    /** @type {Set<() => void>} */
    this.listeners = new Set();
    /** Languages that were asked for beside the present one. @type {Set<string>} */
    this.wanted = new Set();
  }

  /** The BCP 47 tag of the present language. */
  get lang() {
    return this.languages.find((one) => one.locale === this.locale)?.lang ?? "";
  }

  /**
   * @param {string} key
   * @param {Record<string, string | number>} [values]
   */
  t(key, values = {}) {
    const text = this.known.get(this.locale)?.[key] ?? "";
    return text.replace(/\{(\w+)\}/g, (whole, name) => String(values[name] ?? whole));
  }

  /** @returns {string} today in the reader's zone, as a date field has it */
  today() {
    return new Date(dayNumber(new Date()) * DAY).toISOString().slice(0, 10);
  }

  /** @param {string} day as a date field has it @returns {string} as people write it */
  date(day) {
    const style = { dateStyle: "long", timeZone: "UTC" };
    const lang = this.lang === "en" ? "en-GB" : this.lang;
    return new Intl.DateTimeFormat(lang, style).format(new Date(`${day}T00:00:00Z`));
  }

  /** @param {string[]} items @returns {string} joined as people write lists */
  list(items) {
    return new Intl.ListFormat(this.lang, { type: "conjunction" }).format(items);
  }

  /** @param {string} locale */
  async use(locale) {
    if (locale === this.locale || !this.languages.some((one) => one.locale === locale)) return;
    // Without them the old words still serve; the next view tries again.
    if (!(await this.load(locale))) return;
    this.locale = locale;
    this.label();
    for (const listener of this.listeners) listener();
  }

  /** @param {string} locale @returns {Promise<boolean>} whether its words are known now */
  async load(locale) {
    if (this.known.has(locale)) return true;
    try {
      const answer = await fetch(`strings/${locale}.json?v=${this.version}`);
      if (answer.ok) this.known.set(locale, await answer.json());
      return answer.ok;
    } catch {
      return false;
    }
  }

  /**
   * Return the words in another language; those of the present one until the others are known.
   *
   * @param {string} lang
   * @returns {Words}
   */
  of(lang) {
    const locale = this.languages.find((one) => one.lang === lang)?.locale ?? this.locale;
    if (this.known.has(locale)) return Object.assign(Object.create(this), { locale });
    if (!this.wanted.has(locale)) {
      this.wanted.add(locale);
      this.load(locale).then((known) => {
        if (known) for (const listener of this.listeners) listener();
      });
    }
    return this;
  }

  /** Relabel what the server rendered. */
  label() {
    document.documentElement.lang = this.lang;
    for (const element of document.querySelectorAll("[data-t]")) {
      element.textContent = this.t(element.getAttribute("data-t") ?? "");
    }
    for (const [data, attribute] of [
      ["data-t-label", "aria-label"],
      ["data-t-name", "aria-label"],
      ["data-t-title", "title"],
    ]) {
      for (const element of document.querySelectorAll(`[${data}]`)) {
        element.setAttribute(attribute, this.t(element.getAttribute(data) ?? ""));
      }
    }
  }

  /** @param {string} tag @returns {string} the name of a language, in the present one */
  language(tag) {
    return new Intl.DisplayNames(this.lang, { type: "language" }).of(tag) ?? tag;
  }

  /** @param {string} iso */
  time(iso) {
    return new Date(iso).toLocaleTimeString(this.lang, {
      hour: "2-digit",
      minute: "2-digit",
      hourCycle: "h23",
      timeZone: ZONE,
    });
  }

  /** @param {string} iso */
  day(iso) {
    const then = new Date(iso);
    const days = dayNumber(new Date()) - dayNumber(then);
    if (days === 0) return this.t("log.today");
    if (days === 1) return this.t("log.yesterday");
    // Written as in the sentences around it: 28 September, and a space before a Chinese weekday.
    const lang = this.lang === "en" ? "en-GB" : this.lang;
    const day = then.toLocaleDateString(lang, {
      year: then.getFullYear() === new Date().getFullYear() ? undefined : "numeric",
      month: "long",
      day: "numeric",
      weekday: "long",
      timeZone: ZONE,
    });
    return day.replace("日星期", "日 星期");
  }
}

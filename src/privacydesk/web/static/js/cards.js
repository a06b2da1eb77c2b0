// Cards: a ticket's state, a warning before something irreversible, labelled values, files.

import { el, size } from "./dom.js";

/** @typedef {import("./words.js").Words} Words */

/**
 * @param {Words} words
 * @param {any} event
 */
export function warningCard(words, event) {
  return el(
    "div",
    { class: "card warning" },
    el("h2", {}, words.t("warning.label")),
    spoken(event.text, event.lang),
  );
}

/**
 * @param {Words} words
 * @param {any} event
 */
export function detailsCard(words, event) {
  const rows = event.data?.rows ?? [];
  return el(
    "div",
    { class: "card details", role: "group", "aria-label": words.t("details.label"), lang: event.lang },
    el("dl", { class: "rows" }, ...rows.map((row) => pair(row.label, row.value))),
  );
}

/** @param {any} event */
export function fileList(event) {
  const files = event.data?.files ?? [];
  return el(
    "ul",
    { class: "files" },
    ...files.map((file) =>
      el(
        "li",
        {},
        el("bdi", {}, file.name),
        el("span", { class: "size" }, size(Number(file.size) || 0)),
      ),
    ),
  );
}

/**
 * @param {Words} words
 * @param {any} event
 * @param {(text: string) => void} say tells a screen reader
 */
export function ticketCard(words, event, say) {
  const ticket = event.data?.ticket ?? {};
  if (!ticket.number) return null;
  const chip = `chip${ticket.late ? " late" : ""}`;
  return el(
    "div",
    {
      class: "card ticket",
      role: "group",
      "aria-label": `${words.t("ticket.number")} ${ticket.number}`,
      "data-ticket": ticket.number,
      "data-state": ticket.state,
      "data-outcome": ticket.outcome,
    },
    el(
      "div",
      { class: "ticket-head", lang: event.lang },
      el("h2", {}, ticket.kind_label),
      el("span", { class: chip }, ticket.state_label),
    ),
    el(
      "dl",
      { class: "rows" },
      el(
        "div",
        {},
        el("dt", {}, words.t("ticket.number")),
        el("dd", { class: "number" }, el("strong", {}, ticket.number), copyButton(words, ticket.number, say)),
      ),
      ticket.items?.length ? pair(words.t("ticket.asked"), items(ticket.items, event.lang)) : null,
      ticket.outcome_label
        ? pair(words.t("ticket.outcome"), el("strong", { lang: event.lang }, ticket.outcome_label))
        : null,
      ticket.due_text ? pair(words.t("ticket.due"), due(words, ticket, event.lang)) : null,
    ),
    ticket.days?.length ? count(words, ticket.days, event.lang) : null,
  );
}

/**
 * @param {string} label
 * @param {string | Node} value
 */
function pair(label, value) {
  return el("div", {}, el("dt", {}, label), el("dd", {}, value));
}

function items(list, lang) {
  if (list.length === 1) return el("span", { lang }, list[0]);
  return el("ul", { lang }, ...list.map((one) => el("li", {}, one)));
}

function due(words, ticket, lang) {
  return el(
    "div",
    { class: "due" },
    el("strong", { lang }, el("time", { datetime: ticket.due_date ?? "" }, ticket.due_text)),
    ticket.zone ? el("span", {}, zoneName(ticket, words.lang)) : null,
    ticket.late ? el("p", { class: "late" }, words.t("ticket.late")) : null,
    ticket.provisional ? el("p", {}, el("span", {}, words.t("ticket.provisional"))) : null,
  );
}

/** The zone as people call it, with its offset, since the reader may be elsewhere. */
function zoneName(ticket, lang) {
  const at = new Date(`${ticket.due_date || "2026-01-01"}T12:00:00Z`);
  const named = (style) =>
    new Intl.DateTimeFormat(lang, { timeZone: ticket.zone, timeZoneName: style })
      .formatToParts(at)
      .find((part) => part.type === "timeZoneName")?.value ?? "";
  try {
    return `${named("long")} (${named("shortOffset")})`;
  } catch {
    return ticket.zone;
  }
}

function count(words, days, lang) {
  const last = days.length - 1;
  const rows = days.map((day, index) => {
    const counted = day.count === 0 ? words.t("ticket.count_start") : words.t("ticket.count_day", day);
    const off = day.count === null || day.count === undefined;
    const reason = off ? `${words.t("ticket.count_off")} · ${day.reason_label}` : counted;
    return el(
      "li",
      { class: off ? "off" : index === last ? "last" : "" },
      el("span", { lang }, day.text),
      el("span", {}, reason),
    );
  });
  return el(
    "details",
    { class: "count" },
    el("summary", {}, words.t("ticket.count_show")),
    el("ol", { class: "days" }, ...rows),
  );
}

function copyButton(words, number, say) {
  const button = el(
    "button",
    { type: "button", class: "button quiet", "aria-label": words.t("ticket.copy") },
    words.t("ticket.copy_short"),
  );
  button.addEventListener("click", async () => {
    await copy(number, button);
    button.textContent = words.t("ticket.copied");
    say(words.t("ticket.copied"));
    window.setTimeout(() => (button.textContent = words.t("ticket.copy_short")), 2500);
  });
  return button;
}

/** WebViews without a clipboard still copy a selection. */
async function copy(text, near) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const shown = near.parentElement?.querySelector("strong");
    if (!shown) return;
    getSelection()?.selectAllChildren(shown);
    document.execCommand("copy");
  }
}

/**
 * Words in their own language and direction.
 *
 * @param {string} text
 * @param {string} lang
 */
export function spoken(text, lang) {
  return el("p", { class: "words", lang: lang || undefined, dir: "auto" }, ...whole(text));
}

const NUMBER = /([A-Z]{2}(?:-[0-9A-Z]{3,4}){2,4})/;

/**
 * Keep request numbers in one piece: they are read aloud, and a line would end at each hyphen.
 *
 * @param {string} text
 */
function whole(text) {
  // Every second part is what the pattern found.
  return text
    .split(NUMBER)
    .map((part, at) => (at % 2 ? el("span", { class: "request-number" }, part) : part))
    .filter(Boolean);
}

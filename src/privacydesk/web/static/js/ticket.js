// A request's card: how far it is, until when it is answered and why then, what goes and stays, and
// what its requester may do. The log and the sheet of all requests show the same card.

import { el } from "./dom.js";
import { icon } from "./icons.js";

/** @typedef {import("./words.js").Words} Words */
/**
 * @typedef {object} Acts
 * @property {(text: string) => void} say tells a screen reader
 * @property {(action: {choice: string, label: string}, number: string) => void} choose
 * @property {(name: string) => Promise<string>} saveReceipt saves a file of that name
 * @property {(number: string) => void} show shows the card of another request
 */

const ICONS = {
  consent_withdrawal: "lock",
  automated_decision: "objection",
  deceased: "person",
  portability: "download",
  underage_report: "person",
};
const QUIET = 2500;

/**
 * @param {Words} words
 * @param {any} ticket as the protocol describes it
 * @param {string} lang of its texts
 * @param {Acts} acts
 */
export function ticketCard(words, ticket, lang, acts) {
  return el(
    "div",
    {
      class: "card ticket",
      role: "group",
      "aria-label": `${ticket.kind_label} ${ticket.number}`,
      "data-ticket": ticket.number,
      "data-state": ticket.state,
      "data-outcome": ticket.outcome,
      lang: lang || undefined,
    },
    el(
      "div",
      { class: "ticket-head" },
      icon(ICONS[ticket.kind] ?? ticket.kind),
      el("h2", {}, ticket.kind_label),
      chip(ticket),
    ),
    steps(words, ticket.steps ?? []),
    rows(words, ticket, acts),
    open(ticket) && running(ticket).days?.length ? count(words, running(ticket).days) : null,
    actions(words, ticket, acts),
  );
}

/** @param {any} ticket */
export function chip(ticket) {
  return el("span", { class: `chip${running(ticket).late && open(ticket) ? " late" : ""}` }, stateOf(ticket));
}

/** @param {any} ticket @returns {string} its state, or how it ended */
export function stateOf(ticket) {
  return ticket.outcome_label ?? ticket.state_label;
}

/**
 * @param {Words} words
 * @param {any} ticket
 * @returns {string} when it is answered, or was closed
 */
export function dateOf(words, ticket) {
  if (!open(ticket)) return ticket.closed_text ?? "";
  const { provisional, due_text: date } = running(ticket);
  return date ? words.t(provisional ? "ticket.by_provisional" : "ticket.by", { date }) : "";
}

/**
 * @param {any} ticket
 * @returns {any} the date that still lies ahead: of the answer, or of closing the account
 */
function running(ticket) {
  return ticket.completion ?? ticket;
}

/** @param {any} ticket */
export function open(ticket) {
  return ticket.state !== "closed";
}

/**
 * @param {Words} words
 * @param {any[]} list
 */
function steps(words, list) {
  if (!list.length) return null;
  return el(
    "ol",
    { class: "steps", "aria-label": words.t("ticket.steps") },
    ...list.map((step) =>
      el(
        "li",
        { class: step.state, "data-step": step.id, "aria-current": step.state === "now" ? "step" : undefined },
        el("span", { class: "dot-step", "aria-hidden": "true" }, step.state === "done" ? icon("check") : null),
        el("span", {}, step.label),
        step.date_text ? el("small", {}, step.date_text) : null,
        step.state === "done" ? el("span", { class: "unseen" }, words.t("ticket.step_done")) : null,
      ),
    ),
  );
}

/**
 * @param {Words} words
 * @param {any} ticket
 * @param {Acts} acts
 */
function rows(words, ticket, acts) {
  const { items = [], stays = [], changes = [], outcomes = [] } = ticket;
  const asked = changes.length ? [] : items;
  return el(
    "dl",
    { class: "rows" },
    el(
      "div",
      {},
      el("dt", {}, words.t("ticket.number")),
      el("dd", { class: "number" }, el("strong", {}, ticket.number), copyButton(words, ticket.number, acts.say)),
    ),
    asked.length ? pair(words.t(stays.length ? `ticket.goes_${ticket.kind}` : "ticket.asked"), listed(asked)) : null,
    stays.length ? pair(words.t("ticket.stays"), listed(stays)) : null,
    ...changes.map((change) => pair(change.label, changed(words, change))),
    open(ticket) ? null : pair(words.t("ticket.outcome"), ended(ticket)),
    ...outcomes.map((row) => pair(row.label, row.value)),
    ticket.waits_text ? pair(words.t("ticket.waits"), ticket.waits_text) : null,
    ticket.objection ? pair(words.t("ticket.objection"), objection(words, ticket.objection, acts)) : null,
    ticket.object_until_text ? pair(words.t("ticket.objection"), ticket.object_until_text) : null,
    ticket.receipt ? pair(words.t("receipt.label"), receipt(words, ticket, acts)) : null,
    open(ticket) && running(ticket).due_text ? pair(dueLabel(words, ticket), due(words, running(ticket))) : null,
  );
}

/**
 * @param {string} label
 * @param {string | Node} value
 */
function pair(label, value) {
  return el("div", {}, el("dt", {}, label), el("dd", {}, value));
}

/** @param {string[]} list */
function listed(list) {
  if (list.length === 1) return el("span", {}, list[0]);
  return el("ul", {}, ...list.map((one) => el("li", {}, one)));
}

function changed(words, change) {
  return el(
    "span",
    { class: "change" },
    change.old ? el("del", {}, el("span", { class: "unseen" }, `${words.t("ticket.before")} `), change.old) : null,
    icon("chevron"),
    el("ins", {}, el("span", { class: "unseen" }, `${words.t("ticket.after")} `), change.new),
  );
}

function ended(ticket) {
  return el("div", {}, el("strong", {}, ticket.outcome_label ?? ticket.state_label), el("p", {}, ticket.closed_text ?? ""));
}

/** The objection to a decision, which leads to its own card. */
function objection(words, { number, text }, acts) {
  const label = words.t("ticket.objection_show");
  const button = el(
    "button",
    { type: "button", class: "button quiet", "aria-label": `${label} ${number}`, onclick: () => acts.show(number) },
    label,
  );
  return el("div", {}, el("div", { class: "number" }, el("strong", {}, number), button), el("p", {}, text));
}

/** What proves how a request ended: a file, the same in words, and the page that verifies it. */
function receipt(words, ticket, acts) {
  const told = el("p", { class: "after", role: "status" });
  const saving = (key, ending) => {
    const button = el("button", { type: "button", class: "button" }, words.t(key));
    button.addEventListener("click", async () => {
      button.disabled = true;
      const outcome = await acts.saveReceipt(`${ticket.number}.${ending}`);
      told.textContent = words.t(outcome === "saved" ? "receipt.saved" : "receipt.failed");
      button.disabled = false;
    });
    return button;
  };
  return el(
    "div",
    { class: "receipt" },
    saving("receipt.save", "cose"),
    saving("receipt.save_text", "txt"),
    el("a", { class: "button quiet", href: "receipts", target: "_blank", rel: "noopener" }, words.t("receipt.check")),
    told,
  );
}

function dueLabel(words, ticket) {
  return words.t(ticket.completion ? "ticket.completion" : "ticket.due");
}

function due(words, ticket) {
  return el(
    "div",
    { class: "due" },
    el("strong", {}, el("time", { datetime: ticket.due_date ?? "" }, ticket.due_text)),
    ticket.zone ? el("span", {}, zoneName(ticket, words.lang)) : null,
    ticket.reason_text ? el("p", {}, ticket.reason_text) : null,
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

function count(words, days) {
  const last = days.length - 1;
  const list = days.map((day, index) => {
    const counted = day.count === 0 ? words.t("ticket.count_start") : words.t("ticket.count_day", day);
    const off = day.count === null || day.count === undefined;
    const reason = off ? `${words.t("ticket.count_off")} · ${day.reason_label}` : counted;
    return el(
      "li",
      { class: off ? "off" : index === last ? "last" : "" },
      el("span", {}, day.text),
      el("span", {}, reason),
    );
  });
  return el(
    "details",
    { class: "count" },
    el("summary", {}, words.t("ticket.count_show")),
    el("ol", { class: "days" }, ...list),
  );
}

/**
 * @param {Words} words
 * @param {any} ticket
 * @param {Acts} acts
 */
function actions(words, ticket, acts) {
  if (!ticket.actions?.length) return null;
  return el(
    "div",
    { class: "actions", role: "group", "aria-label": words.t("ticket.actions") },
    ...ticket.actions.map((action) =>
      el(
        "button",
        {
          type: "button",
          class: `button ${action.style}`,
          "data-choice": action.choice,
          onclick: () => acts.choose(action, ticket.number),
        },
        action.label,
      ),
    ),
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
    window.setTimeout(() => (button.textContent = words.t("ticket.copy_short")), QUIET);
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

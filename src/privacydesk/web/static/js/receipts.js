// The page that verifies receipts. It is one file and asks nobody, so a saved copy works offline.

import { byId, el } from "./dom.js";
import { verifyReceipt } from "./receipt.js";

const config = JSON.parse(byId("config").textContent);
const keys = Uint8Array.from(atob(config.keys), (letter) => letter.charCodeAt(0));
const TIMES = ["received", "verified", "answered", "closed"];
/** The last file and what came of it, to be shown again in another language. */
let shown = null;
let locale = config.locale;

/**
 * @param {string} key
 * @param {Record<string, string | number>} [values]
 */
function t(key, values = {}) {
  const words = config.languages[locale].texts[key] ?? "";
  return words.replace(/\{(\w+)\}/g, (_, name) => String(values[name] ?? ""));
}

function moment(iso) {
  const style = { dateStyle: "long", timeStyle: "short", timeZone: config.zone };
  const { tag } = config.languages[locale];
  return new Intl.DateTimeFormat(tag === "en" ? "en-GB" : tag, style).format(new Date(iso));
}

/** @param {File} file */
async function check(file) {
  byId("result").replaceChildren(el("p", {}, t("receipts.checking")));
  const data = new Uint8Array(await file.arrayBuffer());
  try {
    shown = { name: file.name, receipt: await verifyReceipt(data, keys) };
  } catch (error) {
    shown = { name: file.name, fault: error.reason ?? "changed" };
  }
  show();
}

function show() {
  const { desk, tag } = config.languages[locale];
  document.documentElement.lang = tag;
  document.title = `${t("receipts.title")} · ${desk}`;
  for (const place of document.querySelectorAll("[data-key]")) {
    place.textContent = t(place.dataset.key, { desk });
  }
  for (const button of document.querySelectorAll("[data-locale]")) {
    button.setAttribute("aria-pressed", String(button.dataset.locale === locale));
  }
  if (!globalThis.crypto?.subtle) byId("result").replaceChildren(verdict("none", t("receipts.unsupported"), []));
  else if (shown?.receipt) byId("result").replaceChildren(...genuine(shown.receipt, desk));
  else if (shown) byId("result").replaceChildren(refused(shown.fault, desk));
}

function refused(fault, desk) {
  return verdict("no", t(`receipts.${fault}`, { desk }), [
    el("p", { class: "file" }, shown.name),
    el("p", {}, t(`receipts.${fault}_text`, { desk })),
  ]);
}

function genuine(receipt, desk) {
  const kind = t(`kind.${receipt.kind}`);
  const outcome = t(`ticket.outcome.${receipt.outcome}`);
  const told = { desk, at: moment(receipt.signed * 1000) };
  const place = { entry: receipt.entry + 1, size: receipt.size };
  return [
    verdict("yes", t("receipts.genuine"), [el("p", {}, t("receipts.genuine_text", told))]),
    el(
      "dl",
      { class: "said" },
      pair(t("receipts.number"), receipt.number),
      pair(t("receipts.kind"), kind),
      pair(t("receipts.outcome"), el("strong", {}, outcome)),
      ...TIMES.filter((name) => receipt[name]).map((name) =>
        pair(t(`receipts.${name}`), el("time", { datetime: receipt[name] }, moment(receipt[name]))),
      ),
      ...(receipt.items ?? []).filter((item) => item.label).map((item) => pair(item.label, decided(item))),
      pair(t("receipts.place"), t("receipts.place_text", place)),
    ),
    !receipt.items && receipt.hashes.length ? el("p", { class: "quiet" }, t("receipts.without_items")) : "",
    el("h2", {}, t("receipts.proves")),
    el(
      "ul",
      { class: "proves" },
      el("li", {}, t("receipts.proves_said", { desk })),
      el("li", {}, t("receipts.proves_log")),
      el("li", {}, t("receipts.proves_not")),
    ),
  ];
}

function decided(item) {
  const decision = item.decision === "grant" && item.ground ? "part" : item.decision || "none";
  const details = [item.granted, item.reason].filter(Boolean);
  return el("span", {}, [t(`receipt.decision.${decision}`), ...details].join(" · "));
}

function verdict(mark, title, parts) {
  return el("section", { class: `verdict ${mark}` }, el("h2", {}, title), ...parts);
}

function pair(label, value) {
  return el("div", {}, el("dt", {}, label), el("dd", {}, value));
}

byId("file").addEventListener("change", (event) => {
  const file = event.target.files[0];
  if (file) check(file);
  // So that the same file can be chosen again.
  event.target.value = "";
});
document.addEventListener("dragover", (event) => event.preventDefault());
document.addEventListener("drop", (event) => {
  event.preventDefault();
  const file = event.dataTransfer?.files[0];
  if (file) check(file);
});
for (const button of document.querySelectorAll("[data-locale]")) {
  button.addEventListener("click", () => {
    locale = button.dataset.locale;
    show();
  });
}
byId("save").hidden = location.protocol === "file:";
show();

// Quotes of the policy: where it stands, the sentence that answers, and the passage around it.

import { spoken } from "./cards.js";
import { el } from "./dom.js";
import { icon } from "./icons.js";

/** @typedef {import("./words.js").Words} Words */

/** How many characters a passage has at most that is shown whole: a sentence alone can mislead. */
const SHORT = 240;

/**
 * @param {Words} words
 * @param {any} event
 * @param {boolean} linked whether the page with the whole policy exists
 */
export function quoteCard(words, event, linked) {
  const { document: title, article, section, text, sentence, anchor, lang } = event.data.passage;
  const folds = sentence && text.length > SHORT;
  const where = [article, section].filter(Boolean).join(" · ");
  return el(
    "figure",
    { class: "card quote" },
    el(
      "figcaption",
      {},
      icon("policy"),
      el("div", { lang }, el("h2", {}, where || title), where && title ? el("p", {}, title) : null),
    ),
    el("blockquote", {}, folds ? spoken(sentence, lang) : inContext(text, sentence, lang)),
    folds
      ? el(
          "details",
          {},
          el("summary", {}, icon("chevron"), words.t("quote.passage")),
          el("blockquote", {}, spoken(text, lang)),
        )
      : null,
    el(
      "p",
      { class: "quote-foot" },
      lang && lang !== event.lang ? el("span", {}, words.t("quote.original", { language: words.language(lang) })) : null,
      linked
        ? el("a", { href: policyAddress(words, anchor), target: "_blank", rel: "noopener" }, words.t("quote.open"))
        : null,
    ),
  );
}

/** A passage, with the sentence that answers in strong type. */
function inContext(text, sentence, lang) {
  const at = sentence ? text.indexOf(sentence) : -1;
  if (at < 0 || sentence === text) return spoken(text, lang);
  const after = text.slice(at + sentence.length);
  return el("p", { class: "words", lang, dir: "auto" }, text.slice(0, at), el("strong", {}, sentence), after);
}

/**
 * @param {Words} words
 * @param {string} [anchor]
 */
export function policyAddress(words, anchor = "") {
  return `policy?lang=${words.lang}${anchor ? `#${encodeURIComponent(anchor)}` : ""}`;
}

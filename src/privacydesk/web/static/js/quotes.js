// Quotes of the policy: where it stands, what answers with what stands around it, and the original.

import { spoken } from "./cards.js";
import { el } from "./dom.js";
import { icon } from "./icons.js";

/** @typedef {import("./words.js").Words} Words */

/** How many characters of a passage are shown unfolded; Chinese says more with each. */
const SHORT = { zh: 240, other: 560 };
/** The number of a list's item, which says nothing where the item is shown alone. */
const NUMBER = /^(?:[-*•·]\s|[(（]?(?:\d{1,2}|[a-zA-Z]|[一二三四五六七八九十]{1,3})[)）.．、])\s*/;

/**
 * @param {Words} words
 * @param {any} event
 * @param {boolean} linked whether the page with the whole policy exists
 */
export function quoteCard(words, event, linked) {
  const { passage } = event.data;
  const { rendition, lang, anchor, text } = passage;
  const language = words.language(lang);
  const shown = rendition ?? passage;
  const link = linked
    ? el("a", { href: policyAddress(words, anchor), target: "_blank", rel: "noopener" }, words.t("quote.open"))
    : null;
  return el(
    "figure",
    { class: "card quote" },
    el("p", { class: "quote-lead" }, words.t(event.key?.endsWith("_also") ? "quote.also" : "quote.closest")),
    heading(shown, passage.place),
    ...(passage.place
      ? [el("p", { class: "quote-body" }, words.t("quote.untranslated", { language }))]
      : body(words, shown)),
    rendition
      ? el(
          "p",
          { class: "quote-note" },
          words.t(rendition.converted ? "quote.converted" : "quote.translated", { language }),
        )
      : null,
    rendition || passage.place ? fold(words.t("quote.original", { language }), text, lang) : null,
    el(
      "p",
      { class: "quote-foot" },
      // As the desk quoted before it had renditions.
      shown === passage && lang !== event.lang && !passage.place
        ? el("span", {}, words.t("quote.original", { language }))
        : null,
      link,
    ),
  );
}

/** Where a passage stands. `place` is that in the reader's words, if it is not translated. */
function heading({ document: title, article, section, lang }, place) {
  const where = [article, section].filter(Boolean).join(" · ");
  return el(
    "figcaption",
    {},
    icon("policy"),
    el(
      "div",
      place ? {} : { lang },
      el("h2", {}, place || where || title),
      where && title ? el("p", { lang }, title) : null,
    ),
  );
}

/** A passage; of a long one what answers and what stands around it, with the rest folded. */
function body(words, { text, sentence, lang }) {
  const most = lang.startsWith("zh") ? SHORT.zh : SHORT.other;
  const short = excerpt(text, sentence, most);
  return [
    el("blockquote", {}, emphasised(short, sentence, lang)),
    short.length < text.length && text.length > most ? fold(words.t("quote.passage"), text, lang) : null,
  ];
}

function fold(summary, text, lang) {
  return el(
    "details",
    {},
    el("summary", {}, icon("chevron"), summary),
    el("blockquote", {}, spoken(text, lang)),
  );
}

/** The lines around the sentence that answers, as many as fit. */
function excerpt(text, sentence, most) {
  const lines = text.split("\n").filter((line) => line.trim());
  let from = lines.findIndex((line) => sentence && line.includes(sentence));
  let to = from + 1;
  if (text.length <= most || from < 0) [from, to] = [0, lines.length];
  let length = lines.slice(from, to).join("\n").length;
  const fits = (line) => line !== undefined && length + line.length <= most;
  while (fits(lines[to]) || fits(lines[from - 1])) {
    length += fits(lines[to]) ? lines[to++].length : lines[--from].length;
  }
  const part = lines.slice(from, to);
  if (part.length > 1) return part.join("\n");
  const alone = part[0].trim().replace(NUMBER, "");
  return alone.length > most && sentence ? sentence.replace(NUMBER, "") : alone;
}

/** A text, with the sentence that answers in strong type. */
function emphasised(text, sentence, lang) {
  const strong = sentence.replace(NUMBER, "");
  const at = strong ? text.indexOf(strong) : -1;
  if (at < 0 || strong === text) return spoken(text, lang);
  const after = text.slice(at + strong.length);
  return el("p", { class: "words", lang, dir: "auto" }, text.slice(0, at), el("strong", {}, strong), after);
}

/**
 * @param {Words} words
 * @param {string} [anchor]
 */
export function policyAddress(words, anchor = "") {
  return `policy?lang=${words.lang}${anchor ? `#${encodeURIComponent(anchor)}` : ""}`;
}

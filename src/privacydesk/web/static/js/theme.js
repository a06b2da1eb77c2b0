// Light or dark: as the system says, unless the host says otherwise.

const DARK = "(prefers-color-scheme: dark)";
const MEDIA = { light: "not all", dark: "all", auto: DARK };

/** The rules for dark pages. @type {CSSMediaRule[]} */
const rules = [...document.styleSheets]
  .flatMap((sheet) => [...sheet.cssRules])
  .filter((rule) => rule instanceof CSSMediaRule && rule.conditionText === DARK);

/** @param {string | null} theme `light`, `dark` or `auto`; anything else changes nothing */
export function setTheme(theme) {
  const media = MEDIA[theme ?? ""];
  if (!media) return;
  for (const rule of rules) rule.media.mediaText = media;
  document.documentElement.style.colorScheme = theme === "auto" ? "" : theme;
}

setTheme(new URLSearchParams(location.search).get("theme"));

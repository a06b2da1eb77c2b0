// What the page remembers: in this tab, or in this browser. Storage may be forbidden; then nothing is.

/**
 * @param {"sessionStorage" | "localStorage"} area
 * @param {string} key
 */
export function recall(area, key) {
  try {
    return window[area].getItem(key) ?? "";
  } catch {
    return "";
  }
}

/**
 * @param {"sessionStorage" | "localStorage"} area
 * @param {string} key
 * @param {string} value
 */
export function remember(area, key, value) {
  try {
    window[area].setItem(key, value);
  } catch {
    // It lasts as long as the page.
  }
}

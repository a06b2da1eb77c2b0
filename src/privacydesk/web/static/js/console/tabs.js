// On a narrow page a case shows one of its parts at a time, the conversation or the request. The
// fragment of the address tells which, so it survives reloading and going back.

const page = document.getElementById("console");
const tabs = document.getElementById("tabs");
const talk = document.getElementById("talk");
const log = document.getElementById("log");
const news = document.getElementById("talk-news");
/** Where both parts have room; css/case.css has the same width. */
const WIDE = matchMedia("(min-width: 1280px)");

/** Whether the conversation is out of sight. */
const isTalkHidden = () => !WIDE.matches && page.dataset.shown !== "talk";

/** Shows the part that the address names, or that holds what it names. */
function show() {
  const named = document.getElementById(location.hash.slice(1) || tabs.dataset.first);
  const part = named?.closest("#talk, #ticket, #side")?.id ?? tabs.dataset.first;
  page.dataset.shown = part;
  for (const tab of tabs.querySelectorAll("a")) {
    if (tab.hash === `#${part}`) tab.setAttribute("aria-current", "true");
    else tab.removeAttribute("aria-current");
  }
  if (part !== "talk") return;
  news.hidden = true;
  if (!log.contains(named)) log.scrollTop = log.scrollHeight;
}

/** Shows a part, without a step to go back over. @param {string} part */
export function turnTo(part) {
  location.replace(`#${part}`);
  show();
}

/** Marks the conversation if something was said there that is out of sight. */
export function mark() {
  news.hidden = !isTalkHidden();
}

tabs.addEventListener("click", (event) => {
  const tab = event.target.closest("a");
  if (!tab || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  turnTo(tab.hash.slice(1));
});
window.addEventListener("hashchange", show);
// What is sent from the conversation comes back to it, unless its form names a place of its own.
document.addEventListener("submit", ({ target, defaultPrevented }) => {
  if (talk.contains(target) && !defaultPrevented && !new URL(target.action).hash) target.action += "#talk";
});
show();

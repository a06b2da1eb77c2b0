// On every page: the desk's status, the agent's own availability, and notifications.
//
// A page has one stream. Others listen to it, too: a browser opens six connections to a host, and
// a stream of each kind would use them up with three windows.

import { announce, isNews } from "./signals.js";
import { live } from "./trail.js";

const page = document.getElementById("console");
const words = document.getElementById("desk-words");
const duty = /** @type {HTMLFormElement | null} */ (document.getElementById("duty"));
const notify = /** @type {NodeListOf<HTMLButtonElement>} */ (document.querySelectorAll("[data-notify]"));
const offDuty = document.getElementById("off-duty");
const title = document.title;

/** The last known counts; what was there when the page was opened is not notified. */
let before = null;

/** What the page's stream tells, whichever is open. */
export const stream = new EventTarget();
const TOPICS = ["desk", "counts", "list", "case", "incident", "open", "error"];
/** @type {EventSource | null} */
let source = null;

/** Opens the page's stream, or another one in its place. @param {string} address */
export function connect(address) {
  source?.close();
  source = new EventSource(live(address));
  for (const topic of TOPICS) {
    source.addEventListener(topic, ({ data }) => stream.dispatchEvent(new MessageEvent(topic, { data })));
  }
}

/** @param {string} name @param {number} count */
function badge(name, count) {
  for (const place of document.querySelectorAll(`[data-desk="${name}"]`)) {
    place.textContent = String(count);
    place.hidden = count === 0;
  }
}

/** Notifies that there is something to do, and never what: others may see the screen. */
function call(kind, text) {
  if (!("Notification" in window) || Notification.permission !== "granted" || document.hasFocus()) return;
  // One of a kind at a time, however many windows are open.
  const shown = new Notification(words.dataset.deskName, { body: text, tag: `desk-${kind}` });
  shown.addEventListener("click", () => {
    window.focus();
    shown.close();
  });
}

/** What came to this agent, or to everybody, is told once in the page itself, too. */
function tell(now) {
  if (isNews("given", now.assigned_at)) announce(words.dataset.given, "/console/inbox?view=mine");
  else if (before && now.requests > before.requests) {
    announce(words.dataset.request, "/console/inbox?view=mine");
  }
  if (isNews("waits", now.newest_wait) && now.state !== "off") {
    announce(words.dataset.waits, "/console/inbox?view=queue");
  }
  offDuty.hidden = now.state !== "off";
  offDuty.dataset.waiting = String(now.waiting);
  offDuty.querySelector("b").textContent = String(now.waiting);
}

function show(now) {
  badge("alarms", now.alarms);
  badge("unanswered", now.unanswered);
  const waiting = now.waiting + now.unanswered;
  document.title = waiting > 0 ? `(${waiting}) ${title}` : title;
  if (duty) {
    const select = duty.elements.namedItem("state");
    if (duty.dataset.state !== now.state) select.value = duty.dataset.state = now.state;
  }
  if (before) {
    if (now.alarms > before.alarms) call("alarm", words.dataset.alarm);
    if (now.held > before.held) call("given", words.dataset.given);
    else if (now.unanswered > before.unanswered) call("answer", words.dataset.answer);
    else if (now.waiting > before.waiting && now.state !== "off") call("waits", words.dataset.waits);
  }
  if (offDuty) tell(now);
  before = now;
}

async function choose() {
  const select = duty.elements.namedItem("state");
  const chosen = select.value;
  try {
    const answer = await fetch(duty.action, {
      method: "POST",
      body: new URLSearchParams(new FormData(duty)),
      headers: { Accept: "application/json" },
    });
    if (!answer.ok) throw new Error(String(answer.status));
    duty.dataset.state = chosen;
  } catch {
    // Signed out, or without a network: sent as a form it says so.
    duty.submit();
  }
}

function offer() {
  const hidden = !("Notification" in window) || Notification.permission !== "default";
  for (const button of notify) button.hidden = hidden;
}

stream.addEventListener("desk", (event) => show(JSON.parse(event.data)));
// A stream that reconnects was silent for some seconds; one that does not is reported.
let silent = 0;
stream.addEventListener("error", () => {
  silent ||= window.setTimeout(() => {
    document.getElementById("silent").hidden = false;
  }, 10000);
});
stream.addEventListener("open", () => {
  window.clearTimeout(silent);
  silent = 0;
  document.getElementById("silent").hidden = true;
});
// Menus of the bar close as menus do. On a narrow page they are parts of its sheet, one's own open.
const NARROW = matchMedia("(max-width: 1000px)");
/** @param {(menu: HTMLDetailsElement) => boolean} leaves which of the open ones to close */
function closeMenus(leaves) {
  for (const menu of document.querySelectorAll(".bar-more[open]")) {
    if (!NARROW.matches && leaves(menu)) menu.open = false;
  }
}
document.addEventListener("click", ({ target }) => closeMenus((menu) => !menu.contains(target)));
document.addEventListener("focusin", ({ target }) => closeMenus((menu) => !menu.contains(target)));
document.addEventListener("keydown", ({ key }) => {
  if (key !== "Escape") return;
  closeMenus((menu) => {
    if (menu.contains(document.activeElement)) menu.querySelector("summary").focus();
    return true;
  });
});
document.getElementById("own").open = NARROW.matches;
NARROW.addEventListener("change", ({ matches }) => {
  document.getElementById("own").open = matches;
});
if (duty) {
  duty.addEventListener("change", choose);
  offer();
  for (const button of notify) {
    button.addEventListener("click", async () => {
      await Notification.requestPermission();
      offer();
    });
  }
}
connect(page.dataset.live);

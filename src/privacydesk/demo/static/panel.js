// The demo's page: the user's side, which this module leads, the console's side, and the tour.

import { Account } from "./account.js";
import { Clock } from "./clock.js";
import { Console } from "./console.js";
import { byId, el, fill, post } from "./page.js";
import { Panes, selectTab } from "./panes.js";
import { Phone } from "./phone.js";
import { recall, remember } from "./storage.js";
import { Tour } from "./tour.js";

const config = JSON.parse(byId("config").textContent ?? "{}");
/** @type {Record<string, string>} */
const words = config.strings;
const KEY = "privacydesk.demo.person";
const asked = new URLSearchParams(location.search);
// The handset's clock and the chat in it show one zone, the desk's, and the page's language.
const ANONYMOUS = `/chat/?zone=${encodeURIComponent(config.clock.zone)}&lang=${config.lang}`;
const PROMISED = `${ANONYMOUS}#token=`;
const RETRY = 2000;
const RENEW = 5 * 60_000;
const HANDED = 50;

/** @type {HTMLIFrameElement} */
const frame = byId("chat");
const notice = byId("notice");
const clock = new Clock(config.clock, config.lang, words);
const phone = new Phone(words, (at) => clock.format(at), copy);
const account = new Account(words);
const staff = new Console(words, config.lang, config.tour.agent, copy, tell);
const panes = new Panes(() => void staff.show());
const tour = new Tour(words, config.lang, config.tour, {
  play,
  reveal: (side) => panes.reveal(side),
  openConsole: (path) => staff.signIn(config.tour.agent, path),
  reloadConsole: () => staff.reload(),
  showChat: () => {
    selectTab("tab-chat");
    // As by hand, where the newest message is out of view.
    frame.contentDocument?.getElementById("newer")?.click();
  },
  tell,
});
/** @type {EventSource | null} */
let stream = null;
/** @type {any} */
let playing = null;
let connected = false;
/** @type {Map<Window, string>} tabs that were opened here, and who is in them */
const tabs = new Map();

/** @param {string} text */
function tell(text) {
  notice.textContent = text;
  notice.hidden = !text;
}

/** @param {any} message */
function hand(message) {
  frame.contentWindow?.postMessage(message, location.origin);
}

/** Give the chat a token of the person played; without an account there is none. */
async function handToken() {
  const person = playing;
  if (!person?.account) return;
  try {
    const { token } = await post("token", { person: person.id });
    if (person === playing) hand({ type: "privacydesk:token", token });
  } catch {
    tell(words.failed);
  }
}

/** Keep the opened tabs logged in: unlike the frame they have nobody to ask for a new token. */
async function renewTabs() {
  for (const [tab, person] of tabs) {
    if (tab.closed) {
      tabs.delete(tab);
      continue;
    }
    try {
      const { token } = await post("token", { person });
      tab.postMessage({ type: "privacydesk:token", token }, location.origin);
    } catch {
      tell(words.failed);
    }
  }
}

/** @param {string} id */
function play(id) {
  const person = config.people.find((/** @type {any} */ one) => one.id === id) ?? config.people[0];
  if (person === playing) return;
  const first = playing === null;
  const stale = recall("sessionStorage", KEY) !== person.id;
  playing = person;
  remember("sessionStorage", KEY, person.id);
  for (const button of document.querySelectorAll("[data-person]")) {
    button.setAttribute("aria-pressed", String(button.getAttribute("data-person") === person.id));
  }
  byId("handset-name").textContent = person.name;
  byId("who-language").textContent = person.language;
  byId("who-initial").textContent = [...person.name][0] ?? "";
  byId("phone-title").textContent = fill(words["phone.of"], { name: person.name });
  frame.title = fill(words.chat_frame, { name: person.name });
  phone.show(person);
  account.show(person);
  listen();
  // The empty token promises one: the chat asks for it and ignores anything saved before.
  if (first) frame.src = person.account || stale ? PROMISED : ANONYMOUS;
  else if (person.account) void handToken();
  else beNobody();
}

/** Play who the address names; their chat then speaks the language that it names. */
async function begin() {
  const id = asked.get("person") ?? "";
  const named = config.people.some((/** @type {any} */ one) => one.id === id && one.account);
  try {
    if (named && asked.get("lang")) await post("language", { lang: config.lang, person: id });
  } catch {
    tell(words.failed);
  }
  play(id || recall("sessionStorage", KEY));
}

/** Without an account the chat starts over, as for anyone who opens the page. */
function beNobody() {
  hand({ type: "privacydesk:logout" });
  window.setTimeout(() => frame.contentWindow?.location.replace(ANONYMOUS), HANDED);
}

function listen() {
  stream?.close();
  const from = new EventSource(`phone/${playing.id}/events?lang=${config.lang}`);
  stream = from;
  from.addEventListener("open", () => {
    connected = true;
    tell("");
  });
  from.addEventListener("clock", (event) => {
    clock.set(JSON.parse(event.data));
    void renewTabs();
  });
  from.addEventListener("panel", (event) => {
    const seen = JSON.parse(event.data);
    if (seen.person.id !== playing.id) return;
    phone.fill(seen.messages);
    phone.others(seen.others);
    account.fill(seen.account);
    showTickets(seen.tickets);
    staff.fill(seen.staff);
    tour.follow(seen.tickets);
  });
  from.addEventListener("error", () => {
    if (connected) tell(words.lost);
    connected = false;
    if (from.readyState === EventSource.CLOSED && from === stream) window.setTimeout(listen, RETRY);
  });
}

/** @param {any[]} tickets */
function showTickets(tickets) {
  byId("tickets-empty").hidden = tickets.length > 0;
  byId("tickets").replaceChildren(
    ...tickets.map((one) =>
      el(
        "li",
        { class: "ticket" },
        el("p", { class: "ticket-number" }, one.number),
        el(
          "p",
          { class: "quiet" },
          [one.kind, one.state, one.due && fill(words["tickets.due"], { date: one.due })]
            .filter(Boolean)
            .join(" · "),
        ),
        el(
          "button",
          {
            type: "button",
            class: "button quiet",
            "aria-label": `${words["tickets.use"]}: ${one.number}`,
            onclick: () => useNumber(one.number),
          },
          words["tickets.use"],
        ),
      ),
    ),
  );
}

/** @param {string} id */
async function open(id) {
  byId(id).showModal();
  if (id === "clock-dialog") await clock.load();
}

/**
 * Change the language of the page, of the console and of the chat of the person played.
 *
 * @param {string} lang
 */
async function speak(lang) {
  await post("language", { lang, person: playing.id, agent: staff.agent });
  const address = new URL(location.href);
  address.searchParams.set("lang", lang);
  address.searchParams.set("person", playing.id);
  location.replace(address);
}

/** @param {string} number */
function useNumber(number) {
  for (const line of document.querySelectorAll(".command")) {
    line.textContent = (line.getAttribute("data-line") ?? "").replace("NUMBER", number);
  }
  document.querySelector(".command")?.scrollIntoView({ block: "nearest" });
}

/**
 * @param {string} text
 * @param {HTMLElement} button
 */
async function copy(text, button) {
  const before = button.textContent;
  try {
    await navigator.clipboard.writeText(text);
    button.textContent = words.copied;
    window.setTimeout(() => (button.textContent = before), 1500);
  } catch {
    tell(words.failed);
  }
}

window.addEventListener("message", (message) => {
  if (message.origin !== location.origin || message.source !== frame.contentWindow) return;
  if (message.data?.type !== "privacydesk:token-needed") return;
  if (playing?.account) void handToken();
  else if (frame.src.endsWith(PROMISED)) {
    frame.src = ANONYMOUS;
    beNobody();
  }
});

document.addEventListener("click", async (event) => {
  const button = event.target instanceof Element ? event.target.closest("button") : null;
  if (!(button instanceof HTMLButtonElement)) return;
  const { person, agent, lang, copies, opens } = button.dataset;
  try {
    if (opens) await open(opens);
    if (person) play(person);
    if (agent) await staff.signIn(agent);
    if (person || agent) button.closest("dialog")?.close();
    if (lang) await speak(lang);
    if (copies) await copy(byId(copies).textContent ?? "", button);
  } catch {
    tell(words.failed);
  }
});

// A new tab gets its token by the address's fragment, which is never sent to a server.
byId("chat-tab").addEventListener("click", async (event) => {
  if (!playing?.account) return;
  event.preventDefault();
  const tab = window.open("about:blank", "_blank");
  try {
    const { token } = await post("token", { person: playing.id });
    const address = PROMISED + encodeURIComponent(token);
    if (tab) {
      tabs.set(tab, playing.id);
      tab.location.replace(address);
    } else location.assign(address);
  } catch {
    tab?.close();
    tell(words.failed);
  }
});

byId("chat-tab").setAttribute("href", ANONYMOUS);
window.setInterval(() => void renewTabs(), RENEW);
await begin();
panes.start();

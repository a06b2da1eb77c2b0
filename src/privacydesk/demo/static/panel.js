// The demo's panel: the person played and their data, while the chat runs in its frame.

import { Account } from "./account.js";
import { Clock } from "./clock.js";
import { byId, el, fill, post } from "./page.js";
import { Phone } from "./phone.js";

const config = JSON.parse(byId("config").textContent ?? "{}");
/** @type {Record<string, string>} */
const words = config.strings;
const KEY = "privacydesk.demo.person";
// The handset's clock and the chat in it show one zone: the desk's.
const ANONYMOUS = `/chat/?zone=${encodeURIComponent(config.clock.zone)}`;
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
  const stale = remembered() !== person.id;
  playing = person;
  remember(person.id);
  for (const button of document.querySelectorAll("[data-person]")) {
    button.setAttribute("aria-pressed", String(button.getAttribute("data-person") === person.id));
  }
  byId("handset-name").textContent = person.name;
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
    showStaff(seen.staff);
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

/**
 * Codes change every half minute; the buttons stay, so that none is lost under a finger or focus.
 * @param {any[]} staff
 */
function showStaff(staff) {
  const list = byId("staff");
  for (const one of staff) {
    let item = document.getElementById(`staff-${one.name}`);
    if (!item) {
      item = el(
        "li",
        { class: "member", id: `staff-${one.name}` },
        el("span", {}, el("bdi", {}, one.shown), ` · ${one.role}`),
        el("code", { class: "member-name", lang: "en" }, one.name),
        el(
          "button",
          {
            type: "button",
            class: "button quiet member-code",
            onclick: (/** @type {MouseEvent} */ event) => {
              const button = /** @type {HTMLElement} */ (event.currentTarget);
              void copy(button.dataset.code ?? "", button);
            },
          },
        ),
      );
      list.append(item);
    }
    const button = /** @type {HTMLButtonElement} */ (item.querySelector("button"));
    button.disabled = !one.code;
    if (button.dataset.code === one.code) continue;
    button.dataset.code = one.code;
    button.textContent = one.code || words["staff.no_code"];
    button.setAttribute("aria-label", `${fill(words["staff.code"], { name: one.shown })} ${one.code}`);
  }
}

/** @param {string} number */
function useNumber(number) {
  for (const line of document.querySelectorAll(".command")) {
    line.textContent = (line.getAttribute("data-line") ?? "").replace("NUMBER", number);
  }
  byId("commands-title").scrollIntoView({ block: "nearest" });
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

/** @param {string} id */
function remember(id) {
  try {
    sessionStorage.setItem(KEY, id);
  } catch {
    // The choice lasts as long as the page.
  }
}

function remembered() {
  try {
    return sessionStorage.getItem(KEY) ?? "";
  } catch {
    return "";
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
  const { person, seconds, days, copies } = button.dataset;
  if (person) play(person);
  if (copies) await copy(byId(copies).textContent ?? "", button);
  if (!seconds && !days) return;
  try {
    clock.set(
      await post("clock", seconds ? { seconds: Number(seconds) } : { working_days: Number(days) }),
      true,
    );
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
play(new URLSearchParams(location.search).get("person") || remembered());

// The page: puts the pieces together and keeps what is shown in step with what is known.

import { Attachments } from "./attachments.js";
import { Client } from "./client.js";
import { Composer } from "./composer.js";
import { byId, el } from "./dom.js";
import { saveFile } from "./downloads.js";
import { Ending } from "./ending.js";
import { Picks, choiceButton, holdBack, isValue, takesSeveral } from "./forms.js";
import { openBridge, takeFragment } from "./host.js";
import { FIRST_SCREEN, isFirstScreen, isGreeting, recordedNote } from "./greeting.js";
import { avatar } from "./icons.js";
import { LivingCards } from "./living.js";
import { Log, isWrongCode, showUnsent } from "./log.js";
import { menuOf } from "./menu.js";
import { Packages } from "./packages.js";
import { QuestionCard } from "./questions.js";
import { Requests } from "./requests.js";
import { Store } from "./store.js";
import { setTheme } from "./theme.js";
import { Uploads } from "./uploads.js";
import { Words } from "./words.js";

const NEAR = 80;
const TOUCH = window.matchMedia("(hover: none)");
/** How much of a question may be above what is shown, so that all of its buttons are. */
const CUT = 48;
const TYPING_SHOWN = 6000;
const HOST_PATIENCE = 1500;
const STATE_WORDS = {
  connecting: "state.connecting",
  reconnecting: "state.reconnecting_short",
  offline: "state.offline_short",
  session: "state.offline_short",
  crowded: "state.offline_short",
  busy: "state.offline_short",
  challenge: "state.offline_short",
  left: "state.offline_short",
};

const TOLD = {
  reconnecting: "state.reconnecting",
  offline: "state.offline",
  session: "state.session",
  crowded: "state.crowded",
  busy: "state.busy",
  challenge: "state.challenge",
  left: "state.left",
};

const config = JSON.parse(byId("config").textContent ?? "{}");
const base = new URL("./", location.href.split(/[?#]/)[0]).href;
const words = new Words(config);
const store = new Store();
const attachments = new Attachments(words, base, () => client.authorization);
const packages = new Packages(words, base, {
  authorization: () => client.authorization,
  choose: (choice, shown) => choose(choice, shown, 0),
});
const cardActs = {
  say,
  choose: act,
  show: (number) => requests.open(number),
  saveReceipt: (name) => saveFile(new URL(`v1/receipts/${name}`, base), name, client.authorization),
};
const living = new LivingCards(words, cardActs);
const log = new Log(words, living, attachments, packages, config.policy);
const requests = new Requests(words, cardActs);
const scroll = byId("scroll");
const choices = byId("choices");
const chat = byId("chat");
/** @type {HTMLSelectElement} */
const language = byId("language");
let typingUntil = 0;
/** The last offset that was reported to the desk as seen. */
let told = 0;
let ready = false;
/** The last offset that was there when the page was ready: who has seen nothing yet gets no news of it. */
let begun = Infinity;
/** Where the page put the log: there it stays at the end of what is said, until somebody scrolls. */
let placed = -1;
/** @typedef {{place: Element | null, keyboard: boolean, question: number}} Pressed */
/** The button pressed last, and what an answer given with it left the focus to do. @type {Pressed | null} */
let pressed = null;
/** @type {Pressed | null} */
let leaving = null;

const client = new Client(base, store, {
  state: showState,
  cleared() {
    ready = false;
    begun = Infinity;
    told = typingUntil = picks.opened = 0;
    pressed = leaving = null;
    log.clear();
    say("");
    bridge.unread(0);
    questions.clear();
    choices.hidden = byId("newer").hidden = true;
    composer.clear(store.draft);
    uploads.clear();
    uploads.allow(false, false);
  },
  events(events) {
    const follow = follows() || events.some((event) => event.from === "user");
    typingUntil = 0;
    log.add(events);
    refresh();
    settle(follow);
  },
  view() {
    refresh();
  },
  unsent() {
    const follow = follows();
    showUnsent(words, unsent(), { retry, edit, discard });
    showChoices();
    settle(follow || unsent().some((one) => one.state === "waiting"));
  },
  typing() {
    typingUntil = Date.now() + TYPING_SHOWN;
    showTyping();
    window.setTimeout(showTyping, TYPING_SHOWN + 50);
  },
  problem(message) {
    composer.tell(message, true);
  },
  ready() {
    if (ready) return;
    ready = true;
    begun = store.offset;
    attachments.begin();
    log.busy(false);
    showRecorded();
    toLatest();
    markRead();
  },
  tokenNeeded: () => bridge.needToken(),
  challenged: (demand) => bridge.challenge(demand),
});

const composer = new Composer(words, {
  send: (text) => {
    composer.showHint();
    log.clearUnread();
    client.submit({ type: "send", text, offset: client.view.prompt, shown: composer.kind === "code" && !composer.asText ? "••••••" : text });
    toEnd();
  },
  sendFiles: (alone) => uploads.send(alone),
  draft: (text) => {
    store.draft = text;
    store.save();
  },
  typing: () => client.view.owner !== "assistant" && client.tell({ type: "typing" }),
  limit: () => client.limits.text,
});

const uploads = new Uploads(words, base, {
  authorization: () => client.authorization,
  limits: () => client.limits,
  handIn: (ids, done, shown, copies) => {
    // What answers a question is not shown again; what a person is shown is.
    if (!uploads.asked) attachments.keep(copies);
    const text = uploads.withWords ? composer.take() : "";
    const both = [shown, text].filter(Boolean).join("\n");
    client.submit({ type: "upload", uploads: ids, done, text: text || undefined, shown: both });
  },
});

const ending = new Ending(words, () => choose("desk:end_talk", words.t("end.yes"), 0));

const bridge = openBridge(client, config.hostOrigin, { setLanguage, setTheme });

const picks = new Picks(words, {
  choose: (choice, offset) => choose(choice.id, choice.label, offset),
  chooseSeveral: (chosen, offset) => {
    const shown = words.list(chosen.map((choice) => choice.label));
    answer({ type: "choose", choices: chosen.map((choice) => choice.id), shown, offset });
  },
});

const questions = new QuestionCard(words, {
  choose: (choice, offset) => choose(choice.id, choice.label, offset),
  handIn: (values, shown, offset) => {
    answer({ type: "hand_in", values, shown, offset });
  },
});

/** @param {string} text */
function say(text) {
  byId("said").textContent = text;
}

// What is shown beside the log.

function refresh() {
  const { view } = client;
  if (view.locale && view.locale !== words.locale) words.use(view.locale);
  language.value = words.locale;
  showState(client.state, client.polling);
  showPerson();
  showChoices();
  showRecorded();
  showTyping();
  showRequests();
  log.marks(store.events, view);
}

/** What is shown as not sent yet: a change of the language is not said, it happens. */
function unsent() {
  return store.unsent.filter((one) => one.state === "failed" || !one.choice?.startsWith("desk:lang:"));
}

/** The requests as they are now, on their cards and in the sheet. */
function showRequests() {
  const lang = words.languages.find((one) => one.locale === client.view.locale)?.lang ?? "";
  const follow = follows();
  const height = scroll.scrollHeight;
  log.update(client.view.requests, lang);
  requests.update(client.view.requests, lang);
  if (ready && follow && scroll.scrollHeight !== height) toEnd();
}

/** The question that is open, if the page has it. While an agent speaks, none is. */
function prompt() {
  const { prompt: offset, owner: speaker } = client.view;
  return offset && speaker !== "agent" ? store.events[offset - 1] : undefined;
}

function showChoices() {
  const event = prompt();
  const answering = store.unsent.some((one) => one.state !== "failed");
  const offered = (event?.choices ?? []).filter((one) => !isElsewhere(one.id));
  const card = event?.data?.card;
  // Choices of a question on a card are fields of it; what to do instead stays a button.
  const shown = answering ? [] : card ? offered.filter((one) => one.id.startsWith("desk:")) : offered;
  const isCard = Boolean(card) && !answering;
  const input = event?.input && event.input !== "upload" ? event.input : "text";
  const problem = isWrongCode(event) && !answering ? event : null;
  composer.ask(input, reader(event), event?.offset ?? 0, problem, shown.length > 0 || isCard);
  uploads.allow(event?.input === "upload", client.view.owner !== "assistant" && client.view.accepts_files, Boolean(event?.data?.words));
  const waits = client.view.requests.some((one) => one.state !== "closed");
  const key = shown.length || isCard ? `${event.offset}${waits ? " waits" : ""}` : "";
  choices.hidden = !key;
  choices.classList.toggle("typed", composer.kind !== "text");
  if (choices.dataset.shown === key && key) return;
  choices.dataset.shown = key;
  choices.classList.remove("docked");
  const isMenu = Boolean(event?.data?.menu);
  const takesMore = shown.length > 0 && !card && takesSeveral(event);
  const several = takesMore && (!event.data.one || picks.opened === event.offset);
  choices.classList.toggle("menu", isMenu);
  choices.classList.toggle("many", shown.length > 5 && !several && !isMenu);
  choices.classList.toggle("pair", shown.length === 2 && Boolean(event?.data?.summary));
  const focused = choices.contains(document.activeElement);
  const button = (choice) => answerButton(choice, event);
  choices.replaceChildren(
    ...(isCard
      ? [questions.form(event, shown)]
      : several
      ? [picks.form(event)]
      : isMenu && shown.length
        ? menuOf(words, event, shown, button, waits)
        : takesMore
        ? oneOrSeveral(event, shown, button)
        : shown.map(button)),
  );
  if (focused && !key) scroll.focus({ preventScroll: true });
  if (!answering) moveFocus(event);
}

/**
 * @param {any} event a question that most people answer with one of its choices
 * @param {import("./menu.js").Choice[]} shown
 * @param {(choice: import("./menu.js").Choice) => HTMLElement} button
 * @returns {HTMLElement[]} a button for each, and one that opens them as a form to tick several
 */
function oneOrSeveral(event, shown, button) {
  const open = () => {
    picks.opened = event.offset;
    choices.dataset.shown = "";
    showChoices();
    choices.querySelector("input")?.focus();
  };
  const several = choiceButton({ id: "", label: words.t("picks.several"), style: "quiet" }, open);
  const values = shown.filter(isValue);
  return [...values.map(button), several, ...shown.filter((choice) => !isValue(choice)).map(button)];
}

/** @param {any} event the open question @returns {"answer" | "agent" | ""} for whom words are */
function reader(event) {
  if (client.view.owner !== "assistant") return client.view.owner === "agent" ? "agent" : "";
  const isMenu = !event || event.data?.menu || event.choices?.some((one) => one.id === "desk:menu");
  return isMenu ? "" : "answer";
}

/**
 * Whether a button has its place on a card in the log, or beside the place in the queue.
 *
 * @param {string} choice
 */
function isElsewhere(choice) {
  if (choice === "desk:leave_queue") return client.view.owner === "queue";
  return choice.startsWith("desk:request:") || choice.startsWith("desk:package:");
}

/** Actions that ask for words. */
const ASKS = /:(add|ask|object):/;

/**
 * Do what a request's card offers.
 *
 * @param {{choice: string, label: string}} action
 * @param {string} number
 */
function act(action, number) {
  if (store.unsent.some((one) => one.choice === action.choice && one.state !== "failed")) return;
  choose(action.choice, `${action.label} · ${number}`, 0);
  if (ASKS.test(action.choice)) composer.field.focus();
}

/**
 * @param {import("./menu.js").Choice} choice
 * @param {any} event that offers it
 */
function answerButton(choice, event) {
  const button = choiceButton(choice, () => {
    // Who would rather not hand in anything has no use for what was picked.
    if (choice.id === "_skip" && event.input === "upload") uploads.clear();
    choose(choice.id, choice.label, event.offset);
  });
  if (event.lang) button.lang = event.lang;
  const held = choice.id === event.data?.resend?.choice;
  if (held) holdBack(/** @type {HTMLButtonElement} */ (button), choice.label, event, words);
  return button;
}

/** What is recorded: below the first screen, until something has been said or filed. */
function showRecorded() {
  const fresh = ready && !store.events.some((event) => !isFirstScreen(event));
  chat.classList.toggle("fresh", fresh);
  const greeting = fresh ? store.events.findLast(isGreeting) : null;
  byId("recorded").hidden = !greeting;
  if (greeting) byId("recorded").replaceChildren(...recordedNote(words, greeting, config.policy));
}

/**
 * @param {string} choice
 * @param {string} shown
 * @param {number} offset
 */
function choose(choice, shown, offset) {
  answer({ type: "choose", choice, shown, offset });
}

/** @param {any} message what a button or a form answers */
function answer(message) {
  leaving = pressed;
  client.submit(message);
  toEnd();
}

// A click by keyboard has no detail.
chat.addEventListener(
  "click",
  ({ target, detail }) => {
    const place = /** @type {Element} */ (target).closest("button");
    if (place) pressed = { place, keyboard: detail === 0, question: client.view.prompt };
  },
  true,
);

/**
 * Put the focus where the next question is answered, unless the person went elsewhere meanwhile.
 *
 * @param {any} event the question that is open now
 */
function moveFocus(event) {
  if (!leaving || !event || event.offset === leaving.question) return;
  const { place, keyboard } = leaving;
  leaving = null;
  if (![place, scroll, document.body].includes(document.activeElement)) return;
  const isTyped = composer.field !== composer.text || choices.hidden;
  // Unasked, a phone's keyboard would cover what was said.
  if (isTyped && (keyboard || !TOUCH.matches)) composer.field.focus();
  else if (keyboard) choices.querySelector("button:enabled, input, select, textarea")?.focus({ preventScroll: true });
}

/** Who is there, in the header; and the queue, as long as somebody waits in it. */
function showPerson() {
  const { owner: kind, agent } = client.view;
  const name = kind === "agent" ? agent || words.t("from.agent_unnamed") : "";
  const face = byId("face");
  if (face.dataset.name !== name) {
    const drawn = avatar(name);
    face.className = drawn.className;
    face.replaceChildren(...drawn.childNodes);
    face.dataset.name = name;
  }
  chat.dataset.owner = kind;
  byId("person").hidden = kind === "agent";
  ending.offer(name);
  byId("person").disabled = kind === "queue";
  const asks = kind === "queue" ? "header.queued" : "header.person";
  byId("person-text").dataset.t = asks;
  byId("person-text").textContent = words.t(asks);
  byId("queue").hidden = kind !== "queue";
  const text = kind === "queue" ? queueText() : "";
  if (byId("queue-text").textContent !== text) byId("queue-text").textContent = text;
}

function showTyping() {
  const { agent, agent_typing: typing } = client.view;
  const on = typing || Date.now() < typingUntil;
  const shown = on ? words.t("typing.agent", { name: agent || words.t("from.agent_unnamed") }) : "";
  const place = byId("typing");
  if (place.textContent === shown) return;
  const dot = () => el("span", { class: "typing-dot" });
  const dots = el("span", { class: "typing-dots", "aria-hidden": "true" }, dot(), dot(), dot());
  place.replaceChildren(...(on ? [dots, shown] : []));
}

/**
 * @param {import("./client.js").State} state
 * @param {boolean} polling
 */
function showState(state, polling) {
  chat.dataset.state = state;
  const text = state === "online" ? owner() : words.t(STATE_WORDS[state]);
  const shown = polling && state === "online" ? `${text} · ${words.t("state.polling")}` : text;
  if (byId("state-text").textContent !== shown) byId("state-text").textContent = shown;
  const why = TOLD[state];
  const banner = byId("banner");
  const act = byId("banner-act");
  banner.hidden = !why;
  if (!why) return;
  if (byId("banner-text").textContent !== words.t(why)) byId("banner-text").textContent = words.t(why);
  act.hidden = state === "offline";
  act.textContent = words.t(["session", "left"].includes(state) ? "state.session_renew" : "state.retry_now");
}

function owner() {
  const { owner: kind, agent } = client.view;
  if (kind === "agent") {
    return agent ? words.t("header.agent", { name: agent }) : words.t("from.agent_unnamed");
  }
  return words.t(kind === "queue" ? "header.queue" : "header.automated");
}

/** The place in the queue, and how long others waited lately. */
function queueText() {
  const { queue_place: place, queue_wait: wait } = client.view;
  const where =
    place > 1
      ? words.t("header.queue_place", { place: place - 1 })
      : words.t(place === 1 ? "header.queue_next" : "header.queue");
  if (!wait) return where;
  return `${where} · ${words.t(wait.from === wait.to ? "queue.wait_about" : "queue.wait", wait)}`;
}

// Scrolling and read marks.

function nearEnd() {
  return scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < NEAR;
}

/** @returns {boolean} whether the log is at its end, or where the page put it */
function follows() {
  return nearEnd() || Math.abs(scroll.scrollTop - placed) < 2;
}

/** To the end, but not past the beginning of what was said since the person last spoke. */
function toEnd() {
  toEndFrom(lastOwn() ?? firstSaid(0) ?? log.list.firstElementChild);
  byId("newer").hidden = !isNewBelow();
}

/** @returns {HTMLElement | undefined} what the person said last */
function lastOwn() {
  return [...scroll.querySelectorAll(".message.mine")].pop();
}

/** @param {number} seen @returns {HTMLElement | undefined} what was said first after it and the first screen */
function firstSaid(seen) {
  const items = [...log.list.querySelectorAll("[data-offset]")];
  return items.find((item) => Number(item.dataset.offset) > seen && !FIRST_SCREEN.includes(item.dataset.key));
}

/**
 * For a returning user: to the end with its question, but not past what they have not seen yet.
 * What they said later, here or on another device, shows that they had seen all before it.
 */
function toLatest() {
  const own = lastOwn();
  const spokeSince = own && Number(own.dataset.offset) > store.seen;
  toEndFrom(spokeSince ? own : firstSaid(store.seen));
  log.markUnread(store.seen);
  byId("newer").hidden = !store.seen || !isNewBelow();
}

/** @returns {boolean} whether the last message has not been seen yet, and begins below what is shown */
function isNewBelow() {
  const last = [...log.list.querySelectorAll("[data-offset]")].pop();
  if (!last || Number(last.dataset.offset) <= store.seen) return false;
  return topOf(last) >= scroll.scrollTop + scroll.clientHeight;
}

/** @param {Element | null | undefined} first what must not be scrolled past */
function toEndFrom(first) {
  if (chat.classList.contains("fresh") && !unsent().length) {
    // The first screen is read from its beginning.
    scroll.scrollTop = placed = 0;
    return;
  }
  const end = scroll.scrollHeight - scroll.clientHeight;
  const asked = choices.hidden
    ? null
    : (log.list.querySelector(`[data-offset="${client.view.prompt}"]`) ?? log.list.lastElementChild);
  // An open question is shown with all of its buttons, even where the beginning then is above.
  const place = Math.max(first ? topOf(first) : end, asked ? topOf(asked) : 0) - 12;
  const cut = asked && isShort() ? end - place : 0;
  choices.classList.toggle("docked", cut > CUT);
  scroll.scrollTop = Math.max(0, cut > CUT ? place : Math.min(end, cut > 0 ? end : place));
  placed = scroll.scrollTop;
}

/** @returns {boolean} whether the open question has a few buttons, and not a menu or a form */
function isShort() {
  const plain = !choices.classList.contains("menu") && !choices.querySelector("form");
  return plain && choices.offsetHeight <= scroll.clientHeight / 2;
}

/** @param {Element} item @returns {number} where it begins in the log */
function topOf(item) {
  return item.getBoundingClientRect().top - scroll.getBoundingClientRect().top + scroll.scrollTop;
}

/** @param {boolean} follow */
function settle(follow) {
  if (!ready) toLatest();
  else if (follow) toEnd();
  else byId("newer").hidden = !isNewBelow();
  markRead();
}

/** @returns {boolean} whether the host displays the frame */
function isDisplayed() {
  return scroll.clientHeight > 0;
}

function markRead() {
  if (ready && !document.hidden && isDisplayed() && nearEnd() && store.offset > told) {
    told = store.seen = store.offset;
    store.save();
    client.tell({ type: "read", offset: told });
  }
  const since = store.seen || begun;
  bridge.unread(store.events.filter((one) => one.offset > since && one.from !== "user" && one.text).length);
}

scroll.addEventListener("scroll", () => {
  if (!isNewBelow()) byId("newer").hidden = true;
  markRead();
});
document.addEventListener("visibilitychange", () => {
  if (document.hidden) store.flush();
  else {
    markRead();
    client.connect();
  }
});
window.addEventListener("pagehide", () => store.flush());
byId("newer").addEventListener("click", () => {
  scroll.scrollTop = scroll.scrollHeight;
  byId("newer").hidden = true;
  composer.field.focus();
});

/** The keyboard covers the page without resizing it on some phones. */
function fit() {
  const visible = window.visualViewport;
  if (!visible) return;
  const follow = follows();
  document.documentElement.style.setProperty("--visible-height", `${visible.height}px`);
  window.scrollTo(0, 0);
  if (follow) toEnd();
}
window.visualViewport?.addEventListener("resize", fit);
fit();
// What is around the log grows and shrinks, too.
let displayed = isDisplayed();
new ResizeObserver(() => {
  const opened = !displayed;
  displayed = isDisplayed();
  if (!ready || !displayed) return;
  if (opened) toLatest();
  else if (follows()) toEnd();
  markRead();
}).observe(scroll);

// What people do beside writing.

byId("person").addEventListener("click", () => choose("desk:human", words.t("header.person"), 0));
byId("queue-contact").addEventListener("click", () => {
  choose("desk:leave_contact", words.t("queue.contact"), 0);
  composer.field.focus();
});
byId("queue-leave").addEventListener("click", () => choose("desk:leave_queue", words.t("queue.leave"), 0));
byId("banner-act").addEventListener("click", () => {
  if (["session", "left"].includes(client.state)) bridge.needToken();
  else client.connect();
});
language.addEventListener("change", () => speak(language.value));

/** @param {string} locale */
async function speak(locale) {
  const { name } = words.languages.find((one) => one.locale === locale);
  await words.use(locale);
  if (!chat.classList.contains("linked") && client.state !== "left") choose(`desk:lang:${locale}`, name, 0);
}

/** @param {string} tag the language that the host has switched to */
function setLanguage(tag) {
  const locale = words.languages.find((one) => one.lang === tag)?.locale;
  if (locale && locale !== words.locale) speak(locale);
}

words.listeners.add(() => {
  // Labels of the log are the page's words; the texts in it stay as they were said.
  const name = config.names[words.locale];
  byId("desk-name").textContent = name;
  document.title = name;
  const follow = follows();
  log.clear();
  log.add(store.events);
  log.busy(!ready);
  delete choices.dataset.shown;
  refresh();
  uploads.show();
  requests.show();
  showUnsent(words, unsent(), { retry, edit, discard });
  if (follow) toEnd();
});

/** @param {string} id */
function retry(id) {
  client.retry(id);
}

/** @param {import("./store.js").Unsent} message */
function edit(message) {
  composer.restore([message.text, composer.text.value].filter(Boolean).join("\n"));
  composer.changed();
  client.discard(message.id);
  composer.text.focus();
}

/** @param {string} id */
function discard(id) {
  client.discard(id);
  composer.field.focus();
}

// Start.

/**
 * Ask whether the person means to leave the chat here and continue with a link's identity.
 *
 * @returns {Promise<boolean>}
 */
function askAboutLink() {
  byId("link").hidden = false;
  byId("state").hidden = true;
  byId("link-title").focus();
  return new Promise((answer) => {
    byId("link-yes").addEventListener("click", () => answer(true), { once: true });
    byId("link-no").addEventListener("click", () => answer(false), { once: true });
  });
}

/**
 * A frame's address comes from the app's own page; any other may come from anybody's link.
 *
 * @param {string} linked the token
 */
async function takeLink(linked) {
  chat.classList.add("linked");
  const settled = await client.setLinked(linked, window.parent === window ? askAboutLink : async () => true);
  chat.classList.remove("linked");
  byId("link").hidden = true;
  byId("state").hidden = false;
  return settled;
}

let token = takeFragment(config.tokenLinks);
if (token && !(await takeLink(token))) token = null;
if (client.token && token === null) {
  client.setToken(client.token);
} else if (!token) {
  // The host is about to say who is here, or nobody is known to be: the present user need not be
  // the one whose token or copy was kept.
  client.forgetToken();
  if (store.identity.startsWith("account:")) store.wipe();
  if (token === "" || window.parent !== window) {
    bridge.needToken();
    window.setTimeout(() => client.token || token === "" || client.connect(), HOST_PATIENCE);
  } else {
    client.connect();
  }
}
composer.restore(store.draft);
if (store.events.length) {
  log.add(store.events);
  showUnsent(words, unsent(), { retry, edit, discard });
  toLatest();
}

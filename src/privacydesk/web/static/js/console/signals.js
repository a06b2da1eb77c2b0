// Signals of an open page: a short notice in its corner and a sound, each off until the agent turns
// it on. What was told once is not told again, on whatever page and in whatever window.

const agent = document.getElementById("console").dataset.agent;
const place = document.getElementById("signals");
const WANTED = `desk-signals-${agent}`;
const TOLD = `desk-told-${agent}`;
const SHOWN_MS = 8000;

/** @param {string} key @returns {Record<string, any>} */
function read(key) {
  try {
    return JSON.parse(localStorage.getItem(key) ?? "{}");
  } catch {
    return {};
  }
}

/** @param {string} key @param {Record<string, any>} values */
function write(key, values) {
  try {
    localStorage.setItem(key, JSON.stringify({ ...read(key), ...values }));
  } catch {
    // Without storage nothing is turned on, so nothing is told twice.
  }
}

/**
 * Whether something came after what was told last; from now on it counts as told.
 * @param {string} kind @param {string} at ISO 8601; empty if there is nothing
 */
export function isNews(kind, at) {
  const last = read(TOLD)[kind];
  if (last !== undefined && at <= last) return false;
  write(TOLD, { [kind]: at });
  return last !== undefined;
}

function play() {
  const audio = new AudioContext();
  const [now, volume] = [audio.currentTime, audio.createGain()];
  volume.connect(audio.destination);
  volume.gain.setValueAtTime(0.0001, now);
  volume.gain.exponentialRampToValueAtTime(0.12, now + 0.02);
  volume.gain.exponentialRampToValueAtTime(0.0001, now + 0.5);
  for (const [pitch, from] of [[660, 0], [880, 0.14]]) {
    const tone = audio.createOscillator();
    tone.frequency.value = pitch;
    tone.connect(volume);
    tone.start(now + from);
    tone.stop(now + 0.5);
  }
  window.setTimeout(() => audio.close(), 1000);
}

/** Shows a notice in the corner for some seconds. @param {HTMLElement} notice */
function show(notice) {
  notice.classList.add("signal");
  place.append(notice);
  const over = () => {
    // What is read or about to be pressed stays.
    if (notice.matches(":hover, :focus-within")) window.setTimeout(over, SHOWN_MS);
    else notice.remove();
  };
  window.setTimeout(over, SHOWN_MS);
}

/** @param {string} text @param {string} address where it leads */
function linkTo(text, address) {
  const link = document.createElement("a");
  link.href = address;
  link.textContent = text;
  return link;
}

/** Tells of something in the way that the agent has chosen. @param {string} text @param {string} address */
export function announce(text, address) {
  const wanted = read(WANTED);
  if (wanted.toast && document.visibilityState === "visible") show(linkTo(text, address));
  if (wanted.sound) play();
}

// What an action did: in the page without scripts.
for (const result of document.querySelectorAll("[data-result]")) show(result);
for (const box of document.querySelectorAll("input[data-signal]")) {
  box.checked = Boolean(read(WANTED)[box.dataset.signal]);
  box.addEventListener("change", () => {
    write(WANTED, { [box.dataset.signal]: box.checked });
    if (box.checked) announce(box.dataset.sample, location.pathname);
  });
}

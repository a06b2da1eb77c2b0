// Pictures of a case, opened in the page: evidence stands beside what its request claims, together
// with the question whether it is enough. Zoomed and turned here alone; the file stays as it is.

const viewer = /** @type {HTMLDialogElement} */ (document.getElementById("viewer"));
const image = /** @type {HTMLImageElement} */ (document.getElementById("viewer-image"));
const side = document.getElementById("viewer-side");

/** The links of the opened list, and which of them is shown. @type {HTMLAnchorElement[]} */
let links = [];
let at = 0;
let scale = 1;
let turned = 0;

/** Where the question about the evidence belongs while nothing is open. @type {Comment | null} */
let home = null;

/** Shows the picture at its size and angle. */
function place() {
  const upright = turned % 180 === 0;
  // Turned by a quarter, the picture's height has to fit the width.
  image.style.rotate = `${turned}deg`;
  image.style.scale = String(scale);
  image.classList.toggle("sideways", !upright);
}

/** @param {number} by */
function zoom(by) {
  scale = Math.min(Math.max(scale * by, 0.4), 6);
  place();
}

function rotate() {
  turned = (turned + 90) % 360;
  place();
}

/** Opens one of the list's files. @param {number} index */
async function show(index) {
  const link = links[index];
  if (!link) return;
  const answer = await fetch(link.href, { headers: { Accept: "image/*" } });
  if (!answer.ok || !answer.headers.get("Content-Type")?.startsWith("image/")) {
    location.href = link.href;
    return;
  }
  at = index;
  URL.revokeObjectURL(image.src);
  image.src = URL.createObjectURL(await answer.blob());
  const name = link.closest("li").querySelector("bdi").textContent;
  image.alt = name;
  document.getElementById("viewer-name").textContent = name;
  document.getElementById("viewer-place").textContent = links.length > 1 ? `${at + 1} / ${links.length}` : "";
  document.getElementById("viewer-previous").disabled = at === 0;
  document.getElementById("viewer-next").disabled = at === links.length - 1;
  scale = 1;
  turned = 0;
  place();
  if (!viewer.open) viewer.showModal();
}

/** Puts what is claimed, and the question about the evidence, beside its files. */
function borrow() {
  const facts = document.querySelector("#ticket .facts");
  const question = document.getElementById("examine");
  side.replaceChildren();
  if (facts) side.append(facts.cloneNode(true));
  if (question) {
    home = document.createComment("examine");
    question.replaceWith(home);
    side.append(question);
  }
  side.hidden = !facts;
}

function giveBack() {
  const question = side.querySelector("#examine");
  if (question && home) home.replaceWith(question);
  home = null;
  side.replaceChildren();
  URL.revokeObjectURL(image.src);
  image.removeAttribute("src");
}

/** Sets the viewer up. */
export function view() {
  // Listened for on the page, since later messages bring links of their own.
  document.addEventListener("click", (event) => {
    const link = event.target instanceof Element ? event.target.closest("a[data-file]") : null;
    if (!link) return;
    event.preventDefault();
    links = [...link.closest("ul").querySelectorAll("a[data-file]")];
    side.hidden = true;
    if (link.closest("#evidence")) borrow();
    show(links.indexOf(link)).catch(() => {
      location.href = link.href;
    });
  });
  document.getElementById("viewer-previous").addEventListener("click", () => show(at - 1));
  document.getElementById("viewer-next").addEventListener("click", () => show(at + 1));
  document.getElementById("viewer-rotate").addEventListener("click", rotate);
  for (const button of viewer.querySelectorAll("[data-zoom]")) {
    button.addEventListener("click", () => zoom(Number(button.dataset.zoom)));
  }
  const keys = {
    ArrowLeft: () => show(at - 1),
    ArrowRight: () => show(at + 1),
    "+": () => zoom(1.25),
    "-": () => zoom(0.8),
    r: rotate,
  };
  viewer.addEventListener("keydown", (event) => {
    const plain = !event.ctrlKey && !event.metaKey && !event.altKey && !event.isComposing;
    if (!plain || !keys[event.key] || event.target.closest("input, textarea")) return;
    event.preventDefault();
    keys[event.key]();
  });
  viewer.addEventListener("close", giveBack);
}

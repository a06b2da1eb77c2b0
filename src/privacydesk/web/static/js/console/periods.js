// Adds and removes the periods of the office hours. Without scripts there is one blank period, and a
// period without times is left out.

const list = document.getElementById("periods");
const add = document.getElementById("add-period");
const blank = list.querySelector("[data-blank]");
let next = list.children.length;

/** Give the fields of a new period names of their own. */
function numbered(period, place) {
  for (const field of period.querySelectorAll("[name]")) {
    field.name = field.name.replace(/\d+$/, String(place));
  }
  return period;
}

function update() {
  add.disabled = next >= Number(list.dataset.most);
}

list.addEventListener("click", (event) => {
  const button = event.target.closest("[data-remove]");
  if (!button) return;
  button.closest("fieldset").remove();
  add.focus();
});

for (const button of list.querySelectorAll("[data-remove]")) button.hidden = false;

if (blank) {
  const pattern = blank.cloneNode(true);
  if (list.children.length > 1) {
    blank.remove();
    next -= 1;
  }
  add.hidden = false;
  update();
  add.addEventListener("click", () => {
    const period = numbered(pattern.cloneNode(true), next);
    period.querySelector("legend").textContent = pattern
      .querySelector("legend")
      .textContent.replace(/\d+/, String(list.children.length + 1));
    list.append(period);
    next += 1;
    update();
    period.querySelector("input").focus();
  });
}

/* Keeps what was typed while somebody has to sign in again, or meets an error.
 *
 * A form with data-keep="name" leaves its fields in this tab's sessionStorage when it is sent. The
 * next page decides: one that holds (signing in, an error) leaves them where they are; any other
 * page means that the form was taken, or was shown again by the desk itself. Coming back to the
 * form's own page after a page that held fills it again. Passwords, codes and files are never kept.
 */

const STORE = "desk-kept";
const SKIPPED = new Set(["password", "file", "hidden", "submit"]);

const page = document.getElementById("console");

function read() {
  try {
    return JSON.parse(sessionStorage.getItem(STORE)) ?? {};
  } catch {
    return {};
  }
}

function write(kept) {
  try {
    if (Object.keys(kept).length === 0) {
      sessionStorage.removeItem(STORE);
    } else {
      sessionStorage.setItem(STORE, JSON.stringify(kept));
    }
  } catch {
    // A browser that keeps nothing loses nothing else.
  }
}

function fields(form) {
  return [...form.elements].filter(
    (field) => field.name && !SKIPPED.has(field.type) && field.autocomplete !== "one-time-code",
  );
}

function keep(form) {
  const values = fields(form).map((field) =>
    field.type === "checkbox" || field.type === "radio"
      ? [field.name, field.value, field.checked]
      : [field.name, field.value, null],
  );
  write({ agent: page.dataset.agent, path: location.pathname, form: form.dataset.keep, values });
}

function fill(form, values) {
  const own = fields(form);
  for (const [name, value, checked] of values) {
    const field = own.find(
      (one) => one.name === name && (checked === null || one.value === value),
    );
    if (!field) {
      continue;
    }
    if (checked === null) {
      field.value = value;
    } else {
      field.checked = checked;
    }
    field.dispatchEvent(new Event("input", { bubbles: true }));
  }
}

function restore() {
  const kept = read();
  if (!kept.form) {
    return;
  }
  if ("hold" in page.dataset) {
    write({ ...kept, held: true });
    for (const told of document.querySelectorAll("[data-held]")) {
      told.hidden = false;
    }
    return;
  }
  if (!kept.held || kept.agent !== page.dataset.agent) {
    write({});
    return;
  }
  if (kept.path !== location.pathname) {
    // On the way back to it.
    return;
  }
  const form = [...document.forms].find((one) => one.dataset.keep === kept.form);
  write({});
  if (form) {
    fill(form, kept.values);
    document.getElementById("kept").hidden = false;
    form.scrollIntoView({ block: "nearest" });
  }
}

document.documentElement.classList.add("scripted");
restore();
document.addEventListener("submit", (event) => {
  const form = event.target;
  if ("forget" in form.dataset) {
    write({});
  } else if (form.dataset.keep) {
    keep(form);
  }
});
for (const form of document.querySelectorAll("form[data-language]")) {
  form.addEventListener("change", () => form.requestSubmit());
}
for (const button of document.querySelectorAll("button[data-print]")) {
  button.addEventListener("click", () => window.print());
}

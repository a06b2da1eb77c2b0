/* Passkeys: a button asks the browser for one, or to make one, and sends the answer with its form.
 *
 * Without scripts, or where the browser knows no passkeys, the buttons stay hidden: the form's own
 * fields do. What to ask for is fetched at the press, since a challenge is good for minutes only.
 */

const decode = (text) => Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));

const encode = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer))).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");

const listed = (credentials) => credentials?.map((one) => ({ ...one, id: decode(one.id) }));

/** What the browser answers, as the desk reads it. @param {PublicKeyCredential} credential */
function answerOf(credential) {
  const { response } = credential;
  const parts = { clientDataJSON: encode(response.clientDataJSON) };
  if (response.attestationObject) {
    parts.attestationObject = encode(response.attestationObject);
  } else {
    parts.authenticatorData = encode(response.authenticatorData);
    parts.signature = encode(response.signature);
  }
  return JSON.stringify({ id: credential.id, rawId: encode(credential.rawId), type: credential.type, response: parts });
}

/** Asks the browser for a passkey, or to make one. @param {string} address where the desk says what to ask for */
async function ask(address) {
  const answer = await fetch(address, { headers: { Accept: "application/json" }, cache: "no-store" });
  if (!answer.ok) throw new Error(`the desk answers ${answer.status}`);
  const options = await answer.json();
  const publicKey = {
    ...options,
    challenge: decode(options.challenge),
    allowCredentials: listed(options.allowCredentials) ?? [],
    excludeCredentials: listed(options.excludeCredentials) ?? [],
  };
  if (!options.user) return navigator.credentials.get({ publicKey });
  publicKey.user = { ...options.user, id: decode(options.user.id) };
  return navigator.credentials.create({ publicKey });
}

/** @param {HTMLElement} place a button with its field and its line for what went wrong */
function offer(place) {
  const [button, field] = [place.querySelector("button"), place.querySelector("input")];
  const said = place.querySelector("[role=status]");
  button.addEventListener("click", async () => {
    button.disabled = true;
    said.textContent = "";
    try {
      field.value = answerOf(await ask(place.dataset.passkey));
      field.disabled = false;
      // The form's other fields are empty, and need not be filled in.
      field.form.noValidate = true;
      field.form.requestSubmit();
    } catch {
      // Cancelled, none there, or too late: browsers don't tell which.
      said.textContent = place.dataset.failed;
    } finally {
      button.disabled = false;
    }
  });
  place.hidden = false;
}

if (window.PublicKeyCredential) {
  document.querySelectorAll("[data-passkey]").forEach(offer);
  document.querySelectorAll("[data-passkey-missing]").forEach((note) => (note.hidden = true));
}

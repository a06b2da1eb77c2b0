// Goes on to the page of the profile once the desk has restarted itself with the new one.
const FIRST = 2000;
const EVERY = 1000;
const next = document.getElementById("go-on");

async function look() {
  const answer = await fetch(next.href, { method: "HEAD" }).catch(() => null);
  if (answer?.ok) location.replace(next.href);
  else setTimeout(look, EVERY);
}

setTimeout(look, FIRST);

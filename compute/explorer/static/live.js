// Renews the page when the chain moves, and lets clocks count down. Keeps what is open and focused.
"use strict";
const EVERY = 700;
let base = Number(document.body.dataset.now), since = Date.now();

function span(seconds) {
  const parts = [];
  for (const [letter, size] of [["d", 86400], ["h", 3600], ["m", 60], ["s", 1]]) {
    if (seconds >= size) parts.push(Math.floor(seconds / size) + letter);
    seconds %= size;
  }
  return parts.slice(0, 2).join(" ") || "0s";
}

function tick() {
  const now = base + Math.floor((Date.now() - since) / 1000);
  for (const clock of document.querySelectorAll("[data-until]"))
    clock.textContent = span(Math.max(0, Number(clock.dataset.until) - now));
}

function warn(text) {
  let note = document.getElementById("away");
  if (!note) {
    note = document.createElement("p");
    note.id = "away"; note.className = "stale"; note.setAttribute("role", "alert");
    document.getElementById("main").prepend(note);
  }
  note.textContent = text;
}

// Forms come, go and change with the chain, but not under the hands of who fills one in. What one
// tells of a transaction stays: it goes on to say whether the chain keeps it.
function renewActs(fresh) {
  const side = document.getElementById("wallet"), next = fresh.getElementById("wallet");
  if (!side || !next) return;
  const choices = (form) => [...form.querySelectorAll("option")].map((one) => one.value).join();
  const same = (a, b) => a.dataset.act === b.dataset.act && choices(a) === choices(b) && a.elements.length === b.elements.length;
  const replace = (old, form) => {
    if (old.dataset.sent) form.dataset.sent = old.dataset.sent;
    form.querySelector(".told").replaceWith(old.querySelector(".told"));
    old.replaceWith(form);
  };
  for (const form of side.querySelectorAll("form")) {
    if (next.querySelector("#" + form.id) || form.dataset.busy || form.contains(document.activeElement)) continue;
    if (!form.dataset.sent) form.remove();
    else for (const part of form.querySelectorAll("label, button")) part.remove();
  }
  for (const form of next.querySelectorAll("form")) {
    const old = side.querySelector("#" + form.id);
    if (!old) side.append(form);
    else if (!old.dataset.busy && !old.contains(document.activeElement) && !same(old, form)) replace(old, form);
  }
}

async function renew(version) {
  const answer = await fetch(location.href, { cache: "no-store" });
  if (!answer.ok) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  const open = [...document.querySelectorAll("details[open]")].map((d) => d.id);
  const focused = document.activeElement && document.activeElement.closest("details, [id]");
  const focus = focused && document.getElementById("main").contains(focused) ? focused.id : "";
  document.getElementById("main").replaceWith(fresh.getElementById("main"));
  for (const id of open) { const d = document.getElementById(id); if (d) d.open = true; }
  renewActs(fresh);
  const again = focus && document.getElementById(focus);
  if (again) (again.querySelector("summary") || again).focus({ preventScroll: true });
  document.body.dataset.version = version;
}

async function look() {
  try {
    const told = await (await fetch(document.body.dataset.root + "live.json", { cache: "no-store" })).json();
    if (String(told.version) !== document.body.dataset.version) {
      await renew(told.version);
      base = told.now; since = Date.now();
    }
    const note = document.getElementById("away");
    if (note) note.remove();
    lost = 0;
  } catch (error) {
    lost = lost || Date.now();
    warn("The explorer has not answered since " + new Date(lost).toLocaleTimeString() + ".");
  }
  setTimeout(look, EVERY);
}

let lost = 0;
setInterval(tick, 1000);
setTimeout(look, EVERY);

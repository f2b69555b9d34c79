// Keeps a page of the console current: one stream per tab, and on each event the page is fetched again and what
// changed is changed in place, so that focus, open questions and scrolling stay where they are.
// Everything here is comfort; without it the pages work, and say when they were made.

const HEARD_WITHIN_MS = 30_000;
const FETCH_APART_MS = 1_000;

const main = document.querySelector("main");
const live = document.getElementById("live");
let heardAt = Date.now();
let fetchedAt = 0;
let waiting = null;

function asks() {
  document.addEventListener("click", (event) => {
    const opener = event.target.closest("[data-dialog]");
    const dialog = opener && document.getElementById(opener.dataset.dialog);
    if (dialog?.showModal) {
      event.preventDefault();
      dialog.showModal();
      dialog.querySelector("input:not([type=hidden])")?.focus();
      return;
    }
    const closer = event.target.closest("dialog [data-close]");
    if (closer) {
      event.preventDefault();
      closer.closest("dialog").close();
    }
  });
}

// Makes `from` equal to `to` by changing only what differs.
function morph(from, to) {
  if (from.isEqualNode(to)) return;
  if (from.nodeType !== to.nodeType || from.nodeName !== to.nodeName) {
    from.replaceWith(to);
    return;
  }
  if (from.nodeType !== Node.ELEMENT_NODE) {
    from.nodeValue = to.nodeValue;
    return;
  }
  attributes(from, to);
  children(from, to);
}

function attributes(from, to) {
  const keeps = (name) => name === "open" && (from.nodeName === "DIALOG" || from.nodeName === "DETAILS");
  for (const { name } of [...from.attributes]) {
    if (!to.hasAttribute(name) && !keeps(name)) from.removeAttribute(name);
  }
  for (const { name, value } of to.attributes) {
    if (from.getAttribute(name) !== value) from.setAttribute(name, value);
  }
}

function children(from, to) {
  const named = new Map([...from.children].filter((child) => child.id).map((child) => [child.id, child]));
  let at = from.firstChild;
  for (const wanted of [...to.childNodes]) {
    const known = wanted.id ? named.get(wanted.id) : null;
    if (known && known !== at) {
      from.insertBefore(known, at);
      morph(known, wanted);
    } else if (at && (known || !at.id || !wanted.id || at.id === wanted.id)) {
      const next = at.nextSibling;
      morph(at, wanted);
      at = next;
    } else {
      from.insertBefore(wanted, at);
    }
  }
  while (at) {
    const next = at.nextSibling;
    // A question somebody is answering stays until they have.
    if (!(at.nodeName === "DIALOG" && at.open)) at.remove();
    at = next;
  }
}

async function refresh() {
  fetchedAt = Date.now();
  const response = await fetch(location.href, { headers: { accept: "text/html" }, cache: "no-store" });
  if (!response.ok || new URL(response.url).pathname !== location.pathname) {
    // Signed out or gone: the server has something to say that is not this page.
    location.reload();
    return;
  }
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  const said = main.dataset.announcement;
  document.title = page.title;
  morph(document.getElementById("icon"), page.getElementById("icon"));
  morph(main, page.querySelector("main"));
  if (main.dataset.announcement !== said) {
    document.getElementById("say").textContent = main.dataset.announcement;
  }
}

// At most one fetch a second, however much happens.
function refreshSoon() {
  if (waiting) return;
  const wait = Math.max(0, fetchedAt + FETCH_APART_MS - Date.now());
  waiting = setTimeout(() => {
    waiting = null;
    refresh().catch(() => tell());
  }, wait);
}

function concerns(text) {
  const only = main.dataset.rollout;
  if (!only) return true;
  try {
    const activity = JSON.parse(text);
    return activity.type !== "rollout" || activity.rollout?.id === only;
  } catch {
    return true;
  }
}

function tell(broken = false) {
  if (!live) return;
  const quietMs = Date.now() - heardAt;
  const stale = broken || quietMs > HEARD_WITHIN_MS;
  const state = stale ? "stale" : "live";
  const text = stale ? `stale since ${Math.round(quietMs / 1000)} s` : "live";
  if (live.dataset.state !== state) live.dataset.state = state;
  const said = live.querySelector(".live-text");
  if (said.textContent !== text) said.textContent = text;
}

function follow(address) {
  const stream = new EventSource(address);
  const heard = () => {
    heardAt = Date.now();
    tell();
  };
  let wasOpen = false;
  stream.addEventListener("open", () => {
    heard();
    // What happened while the stream was away is not repeated, so look once.
    if (wasOpen) refreshSoon();
    wasOpen = true;
  });
  stream.addEventListener("beat", heard);
  stream.addEventListener("message", (event) => {
    heard();
    if (concerns(event.data)) refreshSoon();
  });
  setInterval(() => tell(stream.readyState !== EventSource.OPEN && wasOpen), 1_000);
}

asks();
if (main.dataset.stream) follow(main.dataset.stream);

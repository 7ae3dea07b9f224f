// Keys: "?" shows the list, "g" then a letter follows the link of the navigation that carries that
// letter as data-key. Never read inside fields, nor with Ctrl, Alt or Meta held; they can be turned
// off in the list.
const STORE = "keys";
const SECOND_KEY_WITHIN = 1500;

const dialog = document.getElementById("keys");
const opener = document.querySelector("[data-keys]");
const links = [...document.querySelectorAll("[data-key]")];
const toggle = document.getElementById("keys-on");
let afterG = -SECOND_KEY_WITHIN;

function areOn() {
  try {
    return localStorage.getItem(STORE) !== "off";
  } catch {
    return true;
  }
}

function turn(on) {
  try {
    if (on) localStorage.removeItem(STORE);
    else localStorage.setItem(STORE, "off");
  } catch {
    // Without storage the choice holds for no longer than this page.
  }
}

function isWriting(target) {
  return target instanceof Element
    && target.closest("input, textarea, select, [contenteditable]") !== null;
}

function list() {
  const line = document.getElementById("keys-line");
  for (const link of links) {
    const part = line.content.cloneNode(true);
    part.querySelector("dt").textContent = link.dataset.keyName;
    part.querySelector("kbd:last-child").textContent = link.dataset.key;
    line.parentElement.append(part);
  }
}

function open() {
  toggle.checked = areOn();
  dialog.showModal();
}

function go(letter) {
  const link = links.find((one) => one.dataset.key === letter);
  if (link) link.click();
}

function onKey(event) {
  if (event.defaultPrevented || event.ctrlKey || event.altKey || event.metaKey) return;
  if (!areOn() || isWriting(event.target) || document.querySelector("dialog[open]")) return;
  if (event.key === "?") open();
  else if (event.timeStamp - afterG < SECOND_KEY_WITHIN) go(event.key);
  afterG = event.key === "g" ? event.timeStamp : -SECOND_KEY_WITHIN;
}

if (dialog) {
  list();
  document.addEventListener("keydown", onKey);
  toggle.addEventListener("change", () => turn(toggle.checked));
  opener.hidden = false;
  opener.addEventListener("click", open);
}

// Light, dark or as the system. The server sets data-theme before the first paint, from what the
// login keeps or else from the cookie; this module writes both. Without script the system decides.
const YEAR = 365 * 24 * 3600;
const root = document.documentElement;
const button = document.querySelector("[data-themes]");
const menu = document.getElementById("themes");
const choices = [...document.querySelectorAll("[data-theme-choice]")];

function paint(theme) {
  if (theme) root.dataset.theme = theme;
  else delete root.dataset.theme;
  for (const choice of choices) {
    choice.setAttribute("aria-pressed", String(choice.dataset.themeChoice === theme));
  }
}

function remember(theme) {
  const secure = location.protocol === "https:" ? "; Secure" : "";
  const age = theme ? YEAR : 0;
  document.cookie = `theme=${theme}; Path=/; Max-Age=${age}; SameSite=Lax${secure}`;
}

// The form has an address only where somebody is signed in.
function keep(choice) {
  if (!menu.getAttribute("action")) return;
  const body = new FormData(menu);
  body.set("theme", choice.value);
  fetch(menu.action, { method: "POST", body, headers: { Accept: "text/plain" }, keepalive: true });
}

for (const choice of choices) {
  choice.addEventListener("click", (event) => {
    event.preventDefault();
    remember(choice.dataset.themeChoice);
    paint(choice.dataset.themeChoice);
    keep(choice);
    menu.hidePopover();
  });
}

if (button) button.hidden = false;
paint(root.dataset.theme || "");

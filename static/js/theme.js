// Light, dark or as the system. The server reads the cookie and sets data-theme before the first
// paint; this module only writes it. Without script the system decides.
const YEAR = 365 * 24 * 3600;
const root = document.documentElement;
const button = document.querySelector("[data-themes]");
const choices = [...document.querySelectorAll("[data-theme-choice]")];

function remembered() {
  const match = document.cookie.match(/(?:^|; )theme=(light|dark)(?:;|$)/);
  return match ? match[1] : "";
}

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

for (const choice of choices) {
  choice.addEventListener("click", () => {
    remember(choice.dataset.themeChoice);
    paint(choice.dataset.themeChoice);
    document.getElementById("themes").hidePopover();
  });
}

if (button) button.hidden = false;
paint(remembered());

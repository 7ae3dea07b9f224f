// Copy buttons of code blocks. They stay hidden where the browser offers no clipboard, such as on
// plain http from another machine; the text can still be selected by hand.
const SHOWN_FOR = 2000;

function enhance(part) {
  if (!navigator.clipboard) return;
  for (const button of part.querySelectorAll("[data-copy][hidden]")) {
    button.hidden = false;
    button.addEventListener("click", () => copy(button));
  }
}

async function copy(button) {
  const word = button.querySelector("[data-copy-word]");
  try {
    await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent);
    word.textContent = "Copied";
  } catch {
    word.textContent = "Select it by hand";
  }
  setTimeout(() => { word.textContent = "Copy"; }, SHOWN_FOR);
}

enhance(document);
document.addEventListener("htmx:load", (event) => enhance(event.detail.elt));

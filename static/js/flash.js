// Messages after an action. Good news leaves by itself; refusals and warnings stay until closed.
// The clock stands still while somebody reads: pointer or focus on the message.
const SHOWN_FOR = 10000;
const LEAVES = new Set(["success", "info"]);

for (const toast of document.querySelectorAll("[data-flash]")) {
  const close = toast.querySelector("[data-dismiss]");
  close.hidden = false;
  close.addEventListener("click", () => toast.remove());
  if (LEAVES.has(toast.dataset.flash)) leaveInTime(toast);
}

function leaveInTime(toast) {
  let timer = null;
  const stop = () => clearTimeout(timer);
  const start = () => {
    stop();
    timer = setTimeout(() => toast.remove(), SHOWN_FOR);
  };
  toast.addEventListener("pointerenter", stop);
  toast.addEventListener("pointerleave", start);
  toast.addEventListener("focusin", stop);
  toast.addEventListener("focusout", start);
  start();
}

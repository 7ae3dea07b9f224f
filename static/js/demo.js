// Sample logins: fill the form with one of them. Their addresses and passwords stand in the page,
// so without script they can be typed.
const form = document.getElementById("login");

for (const button of document.querySelectorAll("[data-demo-email]")) {
  button.hidden = false;
  button.addEventListener("click", () => {
    form.elements.login.value = button.dataset.demoEmail;
    form.elements.password.value = button.dataset.demoPassword;
    form.querySelector("button.btn--primary").focus();
  });
}

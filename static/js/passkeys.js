// Passkeys: the browser is asked for one, and its answer goes with the form around the button. A
// form says what it wants by data-passkey ("create" or "get") and where the question stands by
// data-passkey-from: an element of the page, or an address. Without script nothing is offered.
const BROKEN_OFF = "Nothing was sent. Try again, or use another way.";

// A passkey belongs to a name: browsers refuse them on bare addresses such as 127.0.0.1.
const named = !/^[\d.]+$|:/.test(location.hostname);
const offered = named && window.isSecureContext && Boolean(window.PublicKeyCredential);

function bytes(text) {
  const plain = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(plain, (sign) => sign.charCodeAt(0));
}

function text(buffer) {
  const plain = btoa(String.fromCharCode(...new Uint8Array(buffer)));
  return plain.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

function known(credentials) {
  return (credentials || []).map((one) => ({ ...one, id: bytes(one.id) }));
}

async function question(from) {
  const element = document.getElementById(from);
  if (element) return JSON.parse(element.textContent);
  const answer = await fetch(from, { headers: { Accept: "application/json" } });
  if (!answer.ok) throw new Error(String(answer.status));
  return answer.json();
}

async function create(form) {
  const asked = (await question(form.dataset.passkeyFrom)).creation_options.publicKey;
  const alone = Boolean(form.elements.passwordless?.checked);
  const made = await navigator.credentials.create({
    publicKey: {
      ...asked,
      challenge: bytes(asked.challenge),
      user: { ...asked.user, id: bytes(asked.user.id) },
      excludeCredentials: known(asked.excludeCredentials),
      authenticatorSelection: {
        ...asked.authenticatorSelection,
        residentKey: alone ? "required" : "discouraged",
        requireResidentKey: alone,
        userVerification: alone ? "required" : "preferred",
      },
    },
  });
  return written(made, {
    attestationObject: text(made.response.attestationObject),
    transports: made.response.getTransports?.() || [],
  });
}

async function get(form) {
  const asked = (await question(form.dataset.passkeyFrom)).request_options.publicKey;
  const used = await navigator.credentials.get({
    publicKey: {
      ...asked,
      challenge: bytes(asked.challenge),
      allowCredentials: known(asked.allowCredentials),
    },
  });
  const { authenticatorData, signature, userHandle } = used.response;
  return written(used, {
    authenticatorData: text(authenticatorData),
    signature: text(signature),
    userHandle: userHandle ? text(userHandle) : null,
  });
}

function written(credential, response) {
  return JSON.stringify({
    type: credential.type,
    id: credential.id,
    rawId: text(credential.rawId),
    authenticatorAttachment: credential.authenticatorAttachment,
    clientExtensionResults: credential.getClientExtensionResults(),
    response: { ...response, clientDataJSON: text(credential.response.clientDataJSON) },
  });
}

for (const form of document.querySelectorAll("form[data-passkey]")) {
  const refusal = form.querySelector("[data-passkey-refusal]");
  for (const part of form.querySelectorAll("[data-passkey-offer]")) part.hidden = !offered;
  for (const part of form.querySelectorAll("[data-passkey-missing]")) part.hidden = offered;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    refusal.hidden = true;
    try {
      form.elements.credential.value = await (form.dataset.passkey === "create" ? create : get)(form);
      form.submit();
    } catch {
      refusal.textContent = BROKEN_OFF;
      refusal.hidden = false;
    }
  });
}

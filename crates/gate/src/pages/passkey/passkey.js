// Asks the browser for a passkey, and sends what it says with the form that asked.
"use strict";

const toBytes = (text) =>
  Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));
const toText = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer)))
    .replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");

function optionsOf(form) {
  const options = JSON.parse(form.dataset.options);
  options.challenge = toBytes(options.challenge);
  if (options.user) options.user.id = toBytes(options.user.id);
  for (const list of [options.allowCredentials, options.excludeCredentials]) {
    for (const one of list ?? []) one.id = toBytes(one.id);
  }
  return options;
}

async function fill(form) {
  const publicKey = optionsOf(form);
  const isNew = form.dataset.passkey === "create";
  const credential = await (isNew
    ? navigator.credentials.create({ publicKey })
    : navigator.credentials.get({ publicKey }));
  const said = credential.response;
  form.elements["client-data"].value = toText(said.clientDataJSON);
  if (isNew) {
    form.elements.attestation.value = toText(said.attestationObject);
    return;
  }
  form.elements.id.value = toText(credential.rawId);
  form.elements.authenticator.value = toText(said.authenticatorData);
  form.elements.signature.value = toText(said.signature);
  form.elements.handle.value = said.userHandle ? toText(said.userHandle) : "";
}

for (const form of document.querySelectorAll("form[data-passkey]")) {
  const told = form.querySelector("[role=alert]");
  const tell = (text) => {
    told.textContent = text;
    told.hidden = false;
  };
  form.hidden = false;
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    told.hidden = true;
    if (!window.PublicKeyCredential) {
      tell("This browser knows no passkeys.");
      return;
    }
    fill(form).then(
      () => form.submit(),
      (error) => tell(error.name === "InvalidStateError"
        ? "This device has a passkey of yours already."
        : "No passkey was used. Try again, or reload the page if it was open for long."),
    );
  });
}

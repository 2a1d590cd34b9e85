// Passkeys: a form asks the browser for one, and sends its answer. Without this, codes by e-mail do the same.

const supported = "credentials" in navigator && "PublicKeyCredential" in window;

/** Bytes as base64url, and back: for browsers that do not translate themselves. */
const toText = (bytes) => btoa(String.fromCharCode(...new Uint8Array(bytes)))
  .replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
const toBytes = (text) => Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (sign) => sign.charCodeAt(0));

/** What the server wants, as the browser wants it. */
function understood({ publicKey }) {
  const keys = (list) => list?.map((one) => ({ ...one, id: toBytes(one.id) }));
  const asked = { ...publicKey, challenge: toBytes(publicKey.challenge) };
  if (asked.user) asked.user = { ...asked.user, id: toBytes(asked.user.id) };
  if (asked.allowCredentials) asked.allowCredentials = keys(asked.allowCredentials);
  if (asked.excludeCredentials) asked.excludeCredentials = keys(asked.excludeCredentials);
  return asked;
}

/** The browser's answer, as the server reads it. */
function told(credential) {
  const { response } = credential;
  const bytes = ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"];
  const parts = bytes.filter((name) => response[name]).map((name) => [name, toText(response[name])]);
  return JSON.stringify({
    id: credential.id,
    rawId: toText(credential.rawId),
    type: credential.type,
    clientExtensionResults: credential.getClientExtensionResults(),
    response: Object.fromEntries(parts),
  });
}

/** Asks for a passkey when the form is sent, and sends it with the answer. */
function ask(form, address, act) {
  const failed = form.querySelector("[data-failed]");
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    failed.hidden = true;
    try {
      const answer = await fetch(address, { headers: { Accept: "application/json" } });
      if (!answer.ok) throw new Error(String(answer.status));
      const credential = await navigator.credentials[act]({ publicKey: understood(await answer.json()) });
      form.elements.credential.value = told(credential);
      form.submit();
    } catch {
      failed.hidden = false;
    }
  });
}

for (const form of document.querySelectorAll("form[data-passkey]")) {
  form.hidden = !supported;
  ask(form, form.dataset.passkey, "get");
}
for (const form of document.querySelectorAll("form[data-new-passkey]")) {
  if (supported) ask(form, form.dataset.newPasskey, "create");
  else form.querySelector("[data-failed]").hidden = false;
}

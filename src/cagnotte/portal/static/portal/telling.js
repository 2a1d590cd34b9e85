// "Tell me on this device": asks the browser, and hands what its push service gives to the server.

const part = document.querySelector("[data-push]");
const none = document.querySelector("[data-push-none]");
const status = document.querySelector("[data-push-status]");

const bytes = (text) => {
  const plain = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(plain, (letter) => letter.charCodeAt(0));
};

const subscribe = async (registration) => {
  const permission = await Notification.requestPermission();
  if (permission !== "granted") {
    status.textContent = status.dataset.refused;
    return;
  }
  const subscription = await registration.pushManager.subscribe({
    userVisibleOnly: true,
    applicationServerKey: bytes(part.dataset.key),
  });
  const token = document.querySelector("#channels [name=csrfmiddlewaretoken]").value;
  const answer = await fetch(part.dataset.url, {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-CSRFToken": token },
    body: JSON.stringify(subscription),
  });
  if (!answer.ok) throw new Error(String(answer.status));
  location.reload();
};

if (part && "serviceWorker" in navigator && "PushManager" in window) {
  // Resolves once the portal's own worker is at work; never where there is none.
  const registration = await navigator.serviceWorker.ready;
  part.hidden = false;
  none.hidden = true;
  part.querySelector("[data-push-button]").addEventListener("click", () => {
    subscribe(registration).catch(() => {
      status.textContent = status.dataset.failed;
    });
  });
}

// Where the device can share by itself, a button opens its own menu.
const place = document.querySelector("[data-share]");
if (place && navigator.share) {
  place.hidden = false;
  place.querySelector("button").addEventListener("click", () => {
    const { title, words, link } = place.dataset;
    // Whoever closes the menu again has not failed at anything.
    navigator.share({ title, text: words, url: link }).catch(() => {});
  });
}

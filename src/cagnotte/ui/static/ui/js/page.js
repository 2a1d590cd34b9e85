// What pages do in the browser beyond HTML; without it they still work.

/** Copies the code beside a button and says so on the button for a moment. */
async function copy(button) {
  const code = button.parentElement.querySelector("[data-copy]");
  const words = button.querySelector("span");
  const before = words.textContent;
  await navigator.clipboard.writeText(code.textContent.trim());
  words.textContent = button.dataset.done;
  setTimeout(() => { words.textContent = before; }, 2000);
}

// Where a navigation scrolls sideways, as on a phone, the page one is on is in sight.
for (const here of document.querySelectorAll("nav > [aria-current=page]")) {
  const nav = here.parentElement;
  nav.scrollLeft = here.offsetLeft - nav.offsetLeft - (nav.clientWidth - here.clientWidth) / 2;
}

document.addEventListener("click", (event) => {
  const button = event.target.closest?.("[data-copy-button]");
  if (button) copy(button);
});

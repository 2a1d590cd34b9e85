// What the portal's pages do in the browser beyond HTML; without it they still work.

// A part that htmx put in says so to who cannot see it: an element with data-tell holds the words.
const told = document.createElement("div");
told.className = "only-read-aloud";
told.setAttribute("role", "status");
document.body.append(told);

document.addEventListener("htmx:afterSwap", (event) => {
  const words = event.detail.target?.querySelector?.("[data-tell]")?.dataset.tell;
  if (words) told.textContent = words;
});

// A part that could not be fetched is asked for as a whole page, which says what is wrong.
document.addEventListener("htmx:responseError", (event) => {
  const { requestConfig } = event.detail;
  if (requestConfig.verb === "get") location.assign(requestConfig.path);
});

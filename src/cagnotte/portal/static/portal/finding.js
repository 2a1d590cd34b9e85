// The search box offers shops while one types; without this module it is a plain form.

document.documentElement.classList.add("with-script");

const WAIT = 150; // milliseconds without a key before the server is asked
const LEAST = 2; // letters

/** Makes a search box a combobox with a list of shops, after the pattern of the ARIA guide. */
function offering(box) {
  const input = box.querySelector("input");
  const list = document.createElement("ul");
  list.id = `${input.id}-list`;
  list.className = "options";
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", box.dataset.list);
  list.hidden = true;
  const told = document.createElement("p");
  told.className = "only-read-aloud";
  told.setAttribute("role", "status");
  box.append(list, told);
  for (const [name, value] of Object.entries({
    role: "combobox", "aria-expanded": "false", "aria-controls": list.id, "aria-autocomplete": "list",
  })) input.setAttribute(name, value);

  let at = -1; // which option is chosen
  let timer = 0;
  let asked = null; // what the server is being asked
  const options = () => [...list.querySelectorAll("[role=option]")];

  function show(open) {
    list.hidden = !open;
    input.setAttribute("aria-expanded", String(open));
    if (!open) choose(-1);
  }

  function choose(next) {
    const all = options();
    at = next;
    all.forEach((one, place) => one.setAttribute("aria-selected", String(place === at)));
    if (at < 0) input.removeAttribute("aria-activedescendant");
    else {
      input.setAttribute("aria-activedescendant", all[at].id);
      all[at].scrollIntoView({ block: "nearest" });
    }
  }

  async function ask() {
    const text = input.value.trim();
    asked?.abort();
    if (text.length < LEAST) return show(false);
    asked = new AbortController();
    try {
      const answer = await fetch(`${box.dataset.find}?q=${encodeURIComponent(text)}`, { signal: asked.signal });
      if (!answer.ok) return show(false);
      list.innerHTML = await answer.text();
      told.textContent = list.querySelector("template")?.dataset.tell ?? "";
      show(options().length > 0);
      choose(-1);
    } catch (error) {
      if (error.name !== "AbortError") show(false);
    }
  }

  input.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(ask, WAIT);
  });
  input.addEventListener("keydown", (event) => {
    const count = options().length;
    if (event.key === "Escape" && !list.hidden) {
      event.preventDefault();
      show(false);
    } else if (event.key === "ArrowDown" && count) {
      event.preventDefault();
      show(true);
      choose((at + 1) % count);
    } else if (event.key === "ArrowUp" && count) {
      event.preventDefault();
      show(true);
      choose((at <= 0 ? count : at) - 1);
    } else if (event.key === "Enter" && at >= 0) {
      event.preventDefault();
      location.assign(options()[at].dataset.href);
    }
  });
  list.addEventListener("mousedown", (event) => event.preventDefault()); // the box keeps the focus
  list.addEventListener("click", (event) => {
    const option = event.target.closest("[role=option]");
    if (option) location.assign(option.dataset.href);
  });
  input.addEventListener("blur", () => show(false));
}

document.querySelectorAll("[data-find]").forEach(offering);

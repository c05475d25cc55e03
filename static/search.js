// The search page: filters are asked at once, chips take their fields with them, keys move over
// what is found. As-you-type itself is htmx's (the form in search.html).
"use strict";

const box = () => document.getElementById("id_q");
const finder = () => document.getElementById("finder");
const hits = () => [...document.querySelectorAll("#found .hit-link")];
const ask = () => finder().dispatchEvent(new CustomEvent("narrowed"));

document.addEventListener("change", (event) => {
  if (event.target.form !== finder() || event.target.id === "id_q" || event.target.id === "show-filters") return;
  ask();
});

// What a person types takes the place of the last address; everything else is a step back to.
document.addEventListener("htmx:configRequest", (event) => {
  const { triggeringEvent, headers, parameters, elt } = event.detail;
  if (elt.id !== "finder") return;
  if (triggeringEvent && triggeringEvent.type === "input") headers["X-Typing"] = "1";
  for (const name of [...parameters.keys()]) if (!parameters.get(name)) parameters.delete(name);
});

document.addEventListener("input", (event) => {
  if (event.target.id === "id_q") finder().elements.like.value = "";
});

document.addEventListener("click", (event) => {
  const off = event.target.closest("[data-clear]");
  if (off && !event.ctrlKey && !event.metaKey) {
    event.preventDefault();
    for (const name of off.dataset.clear.split(" ")) finder().elements[name].value = "";
    box().focus();
    ask();
  }
  const edit = event.target.closest("[data-edit]");
  if (edit) {
    document.getElementById("show-filters").checked = true;
    finder().elements[edit.dataset.edit].focus();
  }
});

// The title of the tab follows what is asked.
document.addEventListener("htmx:afterSwap", (event) => {
  if (!event.detail.target || event.detail.target.id !== "found") return;
  const asked = box().value.trim();
  document.title = `${asked ? `${asked} · ` : ""}Search · Docket`;
});

const isWriting = (at) => at.closest("input, select, textarea, [contenteditable]");
document.addEventListener("keydown", (event) => {
  const at = event.target;
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "/" && !isWriting(at)) {
    event.preventDefault();
    box().focus();
    box().select();
    return;
  }
  const all = hits();
  const here = all.indexOf(at);
  if (at !== box() && here < 0) return;
  if (event.key === "Escape" && here >= 0) {
    box().focus();
  } else if (event.key === "ArrowDown" && all.length) {
    event.preventDefault();
    all[Math.min(here + 1, all.length - 1)].focus();
  } else if (event.key === "ArrowUp" && here >= 0) {
    event.preventDefault();
    (here ? all[here - 1] : box()).focus();
  }
});

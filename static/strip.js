// The strip of pages: how many are ticked, keys, and a click that shows the page.
const boxesOf = (form) => [...form.querySelectorAll("input[data-page]")];

const update = (form) => {
  const ticked = boxesOf(form).filter((box) => box.checked).length;
  const told = form.querySelector(".strip-told");
  if (told) told.textContent = ticked ? `${ticked} page${ticked > 1 ? "s" : ""} ticked` : told.dataset.none;
  for (const button of form.querySelectorAll("[data-needs]")) button.disabled = ticked === 0;
};

const bring = (number) => {
  document.dispatchEvent(new CustomEvent("docket:page", { detail: { number } }));
};

document.addEventListener("change", (event) => {
  if (!event.target.matches("input[data-page]")) return;
  update(event.target.form);
  if (event.target.checked) bring(Number(event.target.dataset.page));
});

// Arrows go from page to page, with Shift they tick on the way; letters do what the buttons do.
document.addEventListener("keydown", (event) => {
  const box = event.target.closest && event.target.closest("input[data-page]");
  if (!box || event.ctrlKey || event.metaKey || event.altKey) return;
  const boxes = boxesOf(box.form);
  const way = { ArrowLeft: -1, ArrowUp: -1, ArrowRight: 1, ArrowDown: 1 }[event.key];
  const at = { Home: 0, End: boxes.length - 1 }[event.key];
  if (way || at !== undefined) {
    const next = boxes[at ?? boxes.indexOf(box) + way];
    event.preventDefault();
    event.stopPropagation();
    if (!next) return;
    if (event.shiftKey) { box.checked = true; next.checked = true; update(box.form); }
    next.focus();
    next.scrollIntoView({ block: "nearest", inline: "nearest" });
    bring(Number(next.dataset.page));
    return;
  }
  const button = [...box.form.querySelectorAll("[data-key]")].find((one) => one.dataset.key === event.key);
  if (!button) return;
  event.preventDefault();
  event.stopPropagation();
  if (button.dataset.needs && !boxes.some((one) => one.checked)) { box.checked = true; update(box.form); }
  box.form.requestSubmit(button);
});

const begin = (root) => { for (const form of root.querySelectorAll(".strip-form")) update(form); };
document.addEventListener("htmx:load", (event) => begin(event.target.parentNode || document));
begin(document);

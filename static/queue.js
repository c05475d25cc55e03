// Ticks of a list of documents: all at once, and how many there are.
const all = document.querySelector("[data-tick-all]");
const told = document.querySelector("[data-ticked]");
const boxes = [...document.querySelectorAll("input[name='document']")];
const count = () => {
  const ticked = boxes.filter((box) => box.checked).length;
  if (told) told.textContent = ticked;
  if (all) {
    all.checked = ticked === boxes.length;
    all.indeterminate = ticked > 0 && ticked < boxes.length;
  }
  const button = told && told.closest("button");
  if (button) button.disabled = ticked === 0;
};
document.addEventListener("change", (event) => {
  if (event.target === all) for (const box of boxes) box.checked = all.checked;
  count();
});

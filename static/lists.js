// Ticks of a list: all at once, a row of them with Shift, and how many there are.
const form = document.querySelector("form[data-ticks]");
if (form) {
  const boxes = [...form.querySelectorAll('input[name="document"]')];
  const all = form.querySelector("[data-tick-all]");
  const told = form.querySelector("[data-ticked]");
  let last = null;

  const tell = () => {
    const count = boxes.filter((box) => box.checked).length;
    told.textContent = count ? told.dataset.ticked.replace("{n}", count) : told.dataset.none;
    all.checked = count > 0 && count === boxes.length;
    all.indeterminate = count > 0 && count < boxes.length;
  };

  form.addEventListener("click", (event) => {
    const box = event.target.closest('input[name="document"]');
    if (!box) return;
    if (event.shiftKey && last) {
      const [from, to] = [boxes.indexOf(last), boxes.indexOf(box)].sort((a, b) => a - b);
      for (const one of boxes.slice(from, to + 1)) one.checked = box.checked;
    }
    last = box;
    tell();
  });
  all.disabled = !boxes.length;
  all.addEventListener("change", () => {
    for (const box of boxes) box.checked = all.checked;
    tell();
  });
  form.addEventListener("submit", () => { form.querySelector("details.menu").open = false; });
  // A page that comes back from the history has its ticks still.
  window.addEventListener("pageshow", tell);
}

// Pages of questions: the address is copied for somebody else, a chip leads to its field.
"use strict";

document.addEventListener("click", async (event) => {
  const copy = event.target.closest("[data-copy-address]");
  if (copy) {
    const told = copy.querySelector(".copy-told");
    try {
      await navigator.clipboard.writeText(location.href);
      told.textContent = "Copied";
    } catch {
      told.textContent = location.href;
    }
    return;
  }
  const edit = event.target.closest("a.chip-edit");
  const field = edit && document.getElementById(edit.hash.slice(1));
  if (!field) return;
  event.preventDefault();
  field.closest("details").open = true;
  field.focus();
});

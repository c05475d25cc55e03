// Line items as a grid: arrows between cells, rows that come and go.

const cellsOf = (row) => [...row.querySelectorAll("td :is(input:not([type=hidden]), textarea, select)")];

const atEdge = (cell, key) => {
  if (cell.matches("select")) return key === "ArrowLeft" || key === "ArrowRight";
  const { selectionStart: start, selectionEnd: end, value } = cell;
  const isWhole = start === 0 && end === value.length;
  if (key === "ArrowLeft") return isWhole || (start === 0 && end === 0);
  if (key === "ArrowRight") return isWhole || (start === value.length && end === value.length);
  if (cell.matches("textarea") && !isWhole) return key === "ArrowUp" ? start === 0 : start === value.length;
  return true;
};

export const isCell = (input) => Boolean(input.closest("tbody[data-rows]"));

// The blank row at the end becomes a real one with its first value; another one comes after it.
const grown = (row) => {
  row.removeAttribute("data-blank");
  const next = row.cloneNode(true);
  const body = row.parentNode, name = body.dataset.rows, at = [...body.rows].indexOf(row);
  next.dataset.blank = "";
  next.querySelector(".row-number").textContent = at + 2;
  for (const cell of next.querySelectorAll("[id], [name]")) {
    if (cell.id) cell.id = cell.id.replace(`${name}-${at}-`, `${name}-${at + 1}-`);
    if (cell.name) cell.name = cell.name.replace(`/${name}/${at}/`, `/${name}/${at + 1}/`);
    for (const label of ["aria-label", "aria-describedby"]) {
      const told = cell.getAttribute(label);
      if (told) cell.setAttribute(label, told.replace(`row ${at + 1}`, `row ${at + 2}`).replace(`${name}-${at}-`, `${name}-${at + 1}-`));
    }
  }
  for (const cell of cellsOf(next)) {
    cell.value = "";
    if (cell.defaultValue) cell.defaultValue = "";
  }
  for (const mark of next.querySelectorAll("input[type=hidden]")) mark.remove();
  for (const sign of next.querySelectorAll(".cell-sign")) {
    sign.replaceChildren();
    sign.className = "cell-sign";
  }
  body.append(next);
};

export const watchGrid = (form, { changed }) => {
  form.addEventListener("input", (event) => {
    const row = event.target.closest("tr[data-blank]");
    if (row && event.target.value) grown(row);
  });
  form.addEventListener("change", (event) => {
    if (event.target.name === "remove") changed();
  });
  form.addEventListener("click", (event) => {
    const add = event.target.closest("[data-add]");
    if (!add) return;
    const rows = form.querySelector(`tbody[data-rows="${CSS.escape(add.dataset.add)}"]`).rows;
    cellsOf(rows[rows.length - 1])[0].focus();
  });
  form.addEventListener("keydown", (event) => {
    const cell = event.target;
    if (!isCell(cell) || event.altKey) return;
    const row = cell.closest("tr"), cells = cellsOf(row), column = cells.indexOf(cell);
    let to = null;
    if (event.key === "Delete" && (event.ctrlKey || event.metaKey)) {
      const box = row.querySelector("[name=remove]");
      if (box) box.click();
      event.preventDefault();
      return;
    }
    if (event.ctrlKey || event.metaKey || event.shiftKey || !event.key.startsWith("Arrow") || !atEdge(cell, event.key)) return;
    if (event.key === "ArrowLeft") to = cells[column - 1];
    if (event.key === "ArrowRight") to = cells[column + 1];
    if (event.key === "ArrowUp" && row.previousElementSibling) to = cellsOf(row.previousElementSibling)[column];
    if (event.key === "ArrowDown" && row.nextElementSibling) to = cellsOf(row.nextElementSibling)[column];
    if (!to) return;
    event.preventDefault();
    to.focus();
    if (to.select) to.select();
  });
};

// Enter in the last row that has a value goes to the row after it; null elsewhere.
export const rowAfter = (cell) => {
  const row = cell.closest("tr"), next = row.nextElementSibling;
  const isNew = !row.querySelector("[name=remove]");
  return isNew && next && cellsOf(row).some((one) => one.value) ? cellsOf(next)[0] : null;
};

// The review of one document. It works without this; with it fields and page point at each other,
// values are checked as they are typed, and everything has a key.
import { Checks } from "./review-checks.js";
import { isCell, rowAfter, watchGrid } from "./review-grid.js";
import { Viewer } from "./review-viewer.js";
import { Words } from "./review-words.js";

const form = document.getElementById("values");
const keys = document.getElementById("keys");
const viewer = new Viewer(document.querySelector(".viewer"));
const confirmButton = document.getElementById("confirm");
const mayEdit = Boolean(form.dataset.check);
let active = null;      // the field that words of the page go into
let isChanged = Boolean(form.querySelector("[data-changed]"));
let isSending = false;

const isField = (node) => Boolean(node && node.name && node.name.startsWith("/"));
const isTyping = (node) => node.matches("input:not([type=checkbox]), textarea, select");
const fields = () => [...form.querySelectorAll("[name^='/']")];
const toldOf = (input) => document.getElementById(`${input.id}-told`);
const hidden = (name, value) => [...form.querySelectorAll(`input[type=hidden][name="${CSS.escape(name)}"]`)].find((one) => value === undefined || one.value === value);

const setHidden = (beside, name, value, isOnly) => {
  const known = isOnly ? hidden(name) : hidden(name, value);
  if (known) {
    known.value = value;
    return;
  }
  const made = document.createElement("input");
  Object.assign(made, { type: "hidden", name, value });
  beside.after(made);
};

// --- a field and its place ----------------------------------------------------------------

const placeOf = (input) => {
  const marked = hidden(`at:${input.name}`);
  if (marked) {
    const [page, ...box] = marked.value.split(",").map(Number);
    return { page, box };
  }
  return { page: Number(input.dataset.page || 0), box: input.dataset.box && input.dataset.box.split(",").map(Number) };
};

const show = (input) => {
  const { page, box } = placeOf(input);
  if (page) viewer.point(input.id, page, box);
  else viewer.forget();
};

const setActive = (input) => {
  if (active) active.closest(".value, td").classList.remove("here");
  active = input;
  viewer.isPicking = Boolean(input) && mayEdit;
  viewer.pages.classList.toggle("picking", viewer.isPicking);
  if (!input) return viewer.forget();
  input.closest(".value, td").classList.add("here");
  show(input);
};

const enter = (input) => {
  const fold = input.closest("details:not([open])");
  if (fold) fold.open = true;
  input.focus();
  if (input.select) input.select();
};

document.addEventListener("focusin", (event) => {
  if (isField(event.target)) setActive(event.target);
});

viewer.pages.addEventListener("click", (event) => {
  if (active && mayEdit) return;
  const at = viewer.at(event);
  const found = at && fields().find((input) => {
    const { page, box } = placeOf(input);
    return box && page === Number(at.sheet.dataset.page) && at.x >= box[0] && at.x <= box[2] && at.y >= box[1] && at.y <= box[3];
  });
  if (found) enter(found);
});

// --- values ---------------------------------------------------------------------------------

const wasOf = (input) => (input.matches("select") ? [...input.options].find((one) => one.defaultSelected)?.value ?? "" : input.defaultValue);

// As if it were typed, so that the browser can undo it.
const put = (input, text) => {
  input.focus();
  if (input.matches("select")) {
    const wanted = [...input.options].find((one) => one.value.toLowerCase() === text.toLowerCase());
    if (wanted) input.value = wanted.value;
    input.dispatchEvent(new Event("input", { bubbles: true }));
    return;
  }
  input.select();
  const isDone = text ? document.execCommand("insertText", false, text) : document.execCommand("delete");
  if (!isDone || input.value !== text) {
    input.value = text;
    input.dispatchEvent(new Event("input", { bubbles: true }));
  }
};

const checks = new Checks(form, {
  shown: (taken) => {
    for (const [id, value] of taken) {
      const input = document.getElementById(id);
      // Not under the hands of somebody who is typing.
      if (input && (input !== document.activeElement || input.dataset.filled)) input.value = value;
      if (input) delete input.dataset.filled;
    }
    count();
  },
});

const count = () => {
  const left = form.querySelectorAll(".doubtful").length;
  const told = document.getElementById("doubts");
  const text = left ? `${left} to look at` : "Nothing left to look at";
  if (told && told.textContent !== text) told.textContent = text;
};

new Words(viewer, {
  isActive: () => viewer.isPicking,
  joint: () => (active && active.dataset.joint) || " ",
  picked: ({ text, box, page }) => {
    const input = active;
    if (!input) return;
    if (text !== null) {
      input.dataset.filled = "yes";
      put(input, text);
    }
    setHidden(input, `at:${input.name}`, [page, ...box.map(Math.round)].join(","), true);
    isChanged = true;
    show(input);
    checks.soon(0);
  },
});

const takeBack = (input) => {
  const marks = [hidden(`at:${input.name}`), hidden("accepted", input.name)].filter(Boolean);
  const was = wasOf(input);
  if (input.value === was && !marks.length) return false;
  for (const mark of marks) mark.remove();
  if (input.value !== was) put(input, was);
  if (input.select) input.select();
  show(input);
  checks.soon(0);
  return true;
};

// ↓ and ↑ go through the suggestions; before the first stands what was there.
const tryNext = (input, way) => {
  const told = toldOf(input);
  const offered = told ? [...told.querySelectorAll("[data-take]")].map((one) => one.dataset.value) : [];
  const known = input.tried || (input.tried = { values: [input.value, ...offered], at: 0 });
  if (known.values[known.at] !== input.value) Object.assign(known, { values: [input.value, ...offered], at: 0 });
  const at = known.at + way;
  if (at < 0 || at >= known.values.length) return;
  known.at = at;
  put(input, known.values[at]);
  input.select();
};

// --- from doubt to doubt --------------------------------------------------------------------

const doubts = () => [...form.querySelectorAll(".doubtful")].map((told) => document.getElementById(told.id.replace(/-told$/, ""))).filter((input) => input && input !== active);

const accept = (input) => {
  const told = toldOf(input);
  if (!told || !told.classList.contains("doubtful") || !input.value) return;
  setHidden(input, "accepted", input.name, false);
  told.classList.remove("doubtful");
  told.classList.add("accepted");
  isChanged = true;
  checks.soon(0);
  count();
};

const goOn = (way) => {
  const found = doubts();
  const isAfter = (input) => !active || Boolean(active.compareDocumentPosition(input) & Node.DOCUMENT_POSITION_FOLLOWING);
  const to = way > 0 ? found.find(isAfter) || found[0] : found.filter((input) => !isAfter(input)).pop() || found[found.length - 1];
  if (to) enter(to);
  else if (confirmButton) confirmButton.focus();
};

// --- keys -----------------------------------------------------------------------------------

const isIn = (event) => isTyping(event.target) || event.target.isContentEditable;

const openPast = async (input) => {
  const past = document.getElementById("past");
  if (!past) return;
  past.open = true;
  past.querySelector("summary").focus();
  for (const row of past.querySelectorAll("[data-of]")) row.classList.toggle("here", Boolean(input) && row.dataset.of === input.id);
  past.dataset.wanted = input ? input.id : "";
};

document.addEventListener("htmx:afterSwap", (event) => {
  const past = event.target.closest("#past");
  const row = past && past.dataset.wanted && past.querySelector(`[data-of="${CSS.escape(past.dataset.wanted)}"]`);
  if (row) {
    row.classList.add("here");
    row.scrollIntoView({ block: "nearest" });
  }
});

const onField = (event) => {
  const input = event.target;
  if (event.key === "Enter" && !(event.ctrlKey || event.metaKey || event.altKey)) {
    if (event.shiftKey && input.matches("textarea") && !input.matches("td *")) return false;
    const after = !event.shiftKey && isCell(input) && rowAfter(input);
    if (mayEdit && !event.shiftKey) accept(input);
    if (after) enter(after);
    else goOn(event.shiftKey ? -1 : 1);
    return true;
  }
  if (event.key === "Escape") {
    if (!(mayEdit && takeBack(input))) {
      input.blur();
      setActive(null);
      viewer.pages.focus({ preventScroll: true });
    }
    return true;
  }
  const isArrow = event.key === "ArrowDown" || event.key === "ArrowUp";
  if (isArrow && mayEdit && !input.matches("select") && (event.altKey || (!isCell(input) && !input.matches("textarea")))) {
    tryNext(input, event.key === "ArrowDown" ? 1 : -1);
    return true;
  }
  return false;
};

const VIEWS = { "+": "in", "=": "in", "-": "out", "_": "out", 0: "width", 9: "page" };

const onPage = (event) => {
  if (event.ctrlKey || event.metaKey) return false;
  const inField = isIn(event);
  const view = (event.altKey || !inField) && VIEWS[event.key];
  if (view) viewer.view(view);
  else if (event.key.toLowerCase() === "r" && !event.altKey && !inField) viewer.turn();
  else if (event.key.toLowerCase() === "r" && event.altKey) openReject();
  else if (event.key.toLowerCase() === "h" && event.altKey) openPast(active);
  else if (event.key === "PageDown" || event.key === "PageUp") viewer.scroll(event.key === "PageDown" ? 1 : -1);
  else if (event.key === "F1" || (event.key === "?" && !inField)) keys.showModal();
  else if (event.key === "Enter" && event.target === document.body) goOn(1);
  else return false;
  return true;
};

const openReject = () => {
  const reject = document.getElementById("reject");
  if (reject) reject.open = true;
};

document.addEventListener("keydown", (event) => {
  if (keys.open) return;
  const isSend = event.ctrlKey || event.metaKey;
  if (event.key === "Enter" && isSend && confirmButton && !event.target.closest("details.menu")) {
    event.preventDefault();
    if (!isSending) form.requestSubmit(confirmButton);
  } else if (event.key.toLowerCase() === "s" && isSend && mayEdit) {
    event.preventDefault();
    if (!isSending) form.requestSubmit(document.getElementById("save"));
  } else if (event.key === " " && !isIn(event) && !event.target.closest("button, a, summary, label, [type=checkbox]")) {
    viewer.isSpace = true;
    viewer.pages.classList.add("grabbing");
    event.preventDefault();
  } else if ((isField(event.target) && onField(event)) || onPage(event)) {
    event.preventDefault();
  }
});
document.addEventListener("keyup", (event) => {
  if (event.key !== " ") return;
  viewer.isSpace = false;
  viewer.pages.classList.remove("grabbing");
});

document.addEventListener("click", (event) => {
  const link = event.target.closest(".reasons a:not(.other)");
  const input = link && document.getElementById(decodeURIComponent(link.hash.slice(1)));
  if (input) {
    event.preventDefault();
    enter(input);
  }
  const take = event.target.closest("[data-take]");
  if (take) put(document.getElementById(take.dataset.take), take.dataset.value);
  if (event.target.closest("[data-keys]")) keys.showModal();
});

// --- saving ---------------------------------------------------------------------------------

form.addEventListener("input", (event) => {
  isChanged = true;
  const input = event.target;
  if (!isField(input)) return;
  const seen = hidden("accepted", input.name);
  if (seen) seen.remove();
  checks.soon();
});
form.addEventListener("change", (event) => {
  if (isField(event.target)) checks.soon(0);
});
watchGrid(form, {
  changed: () => {
    isChanged = true;
    checks.soon(0);
  },
});
form.addEventListener("submit", () => {
  isChanged = false;
  isSending = true;
  const touched = fields().filter((input) => input.value !== wasOf(input) || "changed" in input.dataset || hidden(`at:${input.name}`));
  setHidden(form.firstElementChild, "touched", touched.map((input) => input.name).join(" "), true);
});
window.addEventListener("pageshow", () => { isSending = false; });
window.addEventListener("beforeunload", (event) => {
  if (isChanged) event.preventDefault();
});

// A reviewer starts at the first doubt; on a phone the keyboard would cover the page.
const fault = document.querySelector(".fault");
if (fault) {
  fault.focus();
  checks.soon(0);
} else if (mayEdit && matchMedia("(pointer: fine) and (min-width: 1021px)").matches && !location.hash) {
  const first = doubts()[0];
  if (first) enter(first);
  else confirmButton.focus({ preventScroll: true });
}

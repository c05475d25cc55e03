// The document page: a value and its place on the page point at each other; zoom; shortcuts.
"use strict";

const pages = document.getElementById("pages");
const viewer = document.querySelector(".viewer");
const form = document.getElementById("values");

// Scrolls the pages only: scrollIntoView would move the whole window too.
const bring = (target, share) => {
  const box = target.getBoundingClientRect();
  const frame = pages.getBoundingClientRect();
  const isSeen = box.top >= frame.top && box.bottom <= frame.bottom && box.left >= frame.left && box.right <= frame.right;
  if (isSeen && share) return;
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  pages.scrollTo({
    top: pages.scrollTop + box.top - frame.top - frame.height * share,
    left: pages.scrollLeft + box.left - frame.left - frame.width * 0.2,
    behavior: calm ? "auto" : "smooth",
  });
};

const point = (id) => {
  for (const old of document.querySelectorAll(".here")) old.classList.remove("here");
  const rect = document.querySelector(`rect[data-field="${CSS.escape(id)}"]`);
  if (rect) {
    rect.classList.add("here");
    rect.parentNode.append(rect);
    bring(rect, 0.3);
  }
  const input = document.getElementById(id);
  const row = input && input.closest(".value");
  if (row) row.classList.add("here");
};

document.addEventListener("focusin", (event) => {
  if (event.target.name && event.target.name.startsWith("/")) point(event.target.id);
});

const focusField = (id) => {
  const input = document.getElementById(id);
  if (!input) return;
  const fold = input.closest("details:not([open])");
  if (fold) fold.open = true;
  input.focus();
};

pages.addEventListener("click", (event) => {
  const rect = event.target.closest("rect[data-field]");
  if (rect) focusField(rect.dataset.field);
});

document.addEventListener("click", (event) => {
  const link = event.target.closest(".reasons a");
  if (link) {
    event.preventDefault();
    focusField(decodeURIComponent(link.hash.slice(1)));
  }
  const take = event.target.closest("[data-take]");
  if (take) {
    const input = document.getElementById(take.dataset.take);
    input.value = take.dataset.value;
    input.focus();
  }
});

// Zoom
const STEPS = [1, 1.35, 1.8, 2.4, 3.2];
let step = 0;
viewer.addEventListener("click", (event) => {
  const button = event.target.closest("[data-zoom]");
  if (!button) return;
  const way = { in: 1, out: -1 }[button.dataset.zoom];
  step = way ? Math.min(STEPS.length - 1, Math.max(0, step + way)) : 0;
  const middle = (pages.scrollTop + pages.clientHeight / 2) / pages.scrollHeight;
  pages.style.setProperty("--zoom", STEPS[step]);
  pages.scrollTop = middle * pages.scrollHeight - pages.clientHeight / 2;
});

if (viewer.dataset.start) {
  const sheet = document.getElementById(`page-${viewer.dataset.start}`);
  if (sheet) bring(sheet.querySelector("rect.match") || sheet, sheet.querySelector("rect.match") ? 0.3 : 0);
}

// Ctrl + Enter confirms; leaving with changes asks first.
let isChanged = false;
if (form) {
  form.addEventListener("input", () => { isChanged = true; });
  form.addEventListener("submit", () => { isChanged = false; });
  form.addEventListener("keydown", (event) => {
    const button = !event.target.closest("details.menu") && document.getElementById("confirm");
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && button) form.requestSubmit(button);
  });
  window.addEventListener("beforeunload", (event) => {
    if (isChanged) event.preventDefault();
  });
}

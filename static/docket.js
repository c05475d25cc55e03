// What every page shares. Pages work without it.
"use strict";
document.documentElement.classList.add("has-script");

document.addEventListener("change", (event) => {
  const form = event.target.closest("form[data-autosubmit]");
  if (form) form.requestSubmit();
});

// One menu at a time; a click beside it and Escape close it.
const closeMenus = (except) => {
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (menu !== except) menu.open = false;
  }
};
document.addEventListener("click", (event) => closeMenus(event.target.closest("details.menu")));
document.addEventListener("keydown", (event) => {
  const menu = event.key === "Escape" && document.querySelector("details.menu[open]");
  if (!menu) return;
  menu.open = false;
  menu.querySelector("summary").focus();
});

document.addEventListener("toggle", (event) => {
  const field = event.target.matches("details.menu[open]") && event.target.querySelector("textarea");
  if (field) field.focus();
}, true);

// A session that ended answers a live refresh with the sign-in page; show that as a whole.
document.addEventListener("htmx:beforeSwap", (event) => {
  if (new URL(event.detail.xhr.responseURL, location.href).pathname.endsWith("/login")) {
    event.detail.shouldSwap = false;
    location.reload();
  }
});

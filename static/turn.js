// Holds the document that is open: claims it, renews the claim while somebody works on it, and
// gives it back with the page. Saving does not depend on it.
const bar = document.getElementById("turn");
const RENEW_MS = 45_000;
// Whoever has done nothing for so long counts as away; the claim runs out then.
const AWAY_MS = 10 * 60_000;

if (bar && !bar.hasAttribute("data-settled")) {
  const told = bar.querySelector(".turn-told");
  const csrf = bar.querySelector("[name=csrfmiddlewaretoken]").value;
  let token = "";
  let lastSign = Date.now();
  let isActive = true;

  const body = (values) => {
    const form = new FormData();
    form.append("csrfmiddlewaretoken", csrf);
    for (const [name, value] of Object.entries(values)) form.append(name, value);
    return form;
  };
  const show = (answer) => {
    const isOthers = answer.state === "held";
    bar.classList.toggle("others", isOthers);
    told.textContent = answer.state === "yours" ? "" : isOthers ? answer.told : "";
    bar.dataset.state = answer.state;
    bar.title = answer.state === "yours" ? `Yours until ${answer.until}` : "";
  };
  const hold = async () => {
    if (document.hidden || Date.now() - lastSign > AWAY_MS) return;
    const response = await fetch(bar.dataset.url, {
      method: "POST",
      body: body(token ? { token, active: isActive ? "1" : "0" } : {}),
      headers: { Accept: "application/json" },
    }).catch(() => null);
    isActive = false;
    if (!response || !response.ok) return;
    const answer = await response.json();
    token = answer.token || "";
    show(answer);
  };
  const sign = () => {
    const wasAway = Date.now() - lastSign > AWAY_MS;
    lastSign = Date.now();
    isActive = true;
    if (wasAway) hold();
  };
  for (const name of ["keydown", "pointerdown", "pointermove", "wheel"]) {
    document.addEventListener(name, sign, { passive: true });
  }
  document.addEventListener("visibilitychange", () => { if (!document.hidden) hold(); });
  addEventListener("pageshow", (event) => { if (event.persisted) { token = ""; hold(); } });
  addEventListener("pagehide", () => {
    if (token) navigator.sendBeacon(bar.dataset.leave, body({ token }));
  });
  setInterval(hold, RENEW_MS);
  hold();
}

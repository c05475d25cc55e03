// Asks the server what it thinks of what is typed now, and shows what differs. Saves nothing.

const TYPING_MS = 250;

export class Checks {
  constructor(form, { shown }) {
    this.form = form;
    this.shown = shown;
  }

  soon(delay = TYPING_MS) {
    if (!this.form.dataset.check) return;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.now(), delay);
  }

  async now() {
    clearTimeout(this.timer);
    if (this.asked) this.asked.abort();
    this.asked = new AbortController();
    try {
      const answer = await fetch(this.form.dataset.check, { method: "POST", body: new FormData(this.form), signal: this.asked.signal });
      if (answer.redirected || answer.status === 403) return this.#warn("You were signed out. Sign in in another tab, then go on here: what you typed is still there.");
      if (!answer.ok) return;
      this.#show(new DOMParser().parseFromString(await answer.text(), "text/html"));
    } catch (fault) {
      if (fault.name !== "AbortError") this.#warn("The server does not answer. What you typed is still there; it is checked again as you go on.");
    }
  }

  #show(made) {
    for (const sign of this.form.querySelectorAll(".cell-sign:not(:empty)")) {
      if (!made.getElementById(sign.id)) {
        sign.replaceChildren();
        sign.className = "cell-sign";
        sign.removeAttribute("title");
      }
    }
    for (const fresh of made.querySelectorAll("[id]")) {
      const old = document.getElementById(fresh.id);
      if (old && this.form.contains(old) && old.outerHTML !== fresh.outerHTML) old.replaceWith(document.adoptNode(fresh));
    }
    const taken = [...made.querySelectorAll("[data-for]")].map((told) => [told.dataset.for, told.value]);
    this.shown(new Map(taken));
  }

  #warn(text) {
    const place = document.getElementById("stale");
    const notice = document.createElement("div");
    notice.className = "notice error";
    notice.textContent = text;
    place.replaceChildren(notice);
  }
}

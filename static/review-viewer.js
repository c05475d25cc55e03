// The pages of a document: zoom, turn, pan, and the one box that a field points at.

const SVG = "http://www.w3.org/2000/svg";
const SMALLEST = 0.2, LARGEST = 8, STEP = 1.25;
const LEGIBLE_PX = 15;      // a line of print at least this high can be read
const LINES_A_WIDTH = 62;   // a page is about so many lines of print wide; boxes of several lines mislead

const isCalm = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

export class Viewer {
  constructor(root) {
    this.root = root;
    this.pages = root.querySelector("#pages");
    this.sheets = [...root.querySelectorAll(".sheet")];
    this.told = root.querySelector("#page-told");
    this.zoomTold = root.querySelector("#zoom-told");
    this.mode = "width";
    this.scale = 1;          // of the width that the pages have room for
    this.isOwnScale = false; // a person chose it: fields only scroll then
    this.current = this.sheets[0];
    for (const sheet of this.sheets) {
      const img = sheet.querySelector("img");
      if (img) sheet.querySelector(".paper").style.setProperty("--ratio", img.width / img.height);
    }
    this.box = document.createElementNS(SVG, "rect");
    this.box.setAttribute("class", "here");
    this.box.setAttribute("rx", "4");
    this.#load();
    this.#pan();
    this.pages.addEventListener("scroll", () => this.#soon(), { passive: true });
    new ResizeObserver(() => this.#measure()).observe(this.pages);
    this.pages.addEventListener("wheel", (event) => {
      if (!event.ctrlKey) return;
      event.preventDefault();
      this.zoom(this.#shown() * Math.exp(-event.deltaY / 400), event);
    }, { passive: false });
    root.addEventListener("click", (event) => {
      const button = event.target.closest("[data-view]");
      if (button) this.view(button.dataset.view);
    });
    // The strip of pages asks for a page.
    document.addEventListener("docket:page", (event) => {
      const sheet = document.getElementById(`page-${event.detail.number}`);
      if (sheet) this.#bring(sheet, 0);
    });
    if (root.dataset.start) this.#start(root.dataset.start);
    this.#tell();
  }

  view(what) {
    if (what === "in") this.zoom(this.#shown() * STEP);
    else if (what === "out") this.zoom(this.#shown() / STEP);
    else if (what === "turn") this.turn();
    else this.fit(what);
  }

  fit(mode) {
    this.isOwnScale = false;
    this.#keeping(null, () => {
      this.mode = mode;
      this.scale = 1;
      this.#apply();
    });
  }

  // Keeps the point under the pointer, else the middle, where it is.
  zoom(scale, at) {
    this.isOwnScale = true;
    this.#keeping(at, () => this.#setScale(scale));
  }

  // Only the view: what is stored stays as it is.
  turn() {
    const paper = this.current && this.current.querySelector(".paper:has(img)");
    if (!paper) return;
    paper.dataset.turn = (Number(paper.dataset.turn || 0) + 1) % 4;
    this.current.scrollIntoView({ block: "nearest" });
  }

  // Draws one box and brings it into sight, as large as it takes to read it.
  point(id, page, box) {
    const sheet = document.getElementById(`page-${page}`);
    if (!sheet) return this.forget();
    const overlay = sheet.querySelector(".overlay");
    if (!box || !overlay) {
      this.forget();
      if (page) this.#bring(sheet, 0);
      return;
    }
    const [left, top, right, bottom] = box;
    const air = 4;
    for (const [name, value] of Object.entries({ x: left - air, y: top - air, width: right - left + 2 * air, height: bottom - top + 2 * air })) {
      this.box.setAttribute(name, value);
    }
    this.box.dataset.field = id;
    overlay.append(this.box);
    this.#makeLegible(sheet, right - left, bottom - top);
    this.#bring(this.box, 0.35);
  }

  forget() {
    this.box.remove();
  }

  scroll(pages) {
    this.pages.scrollBy({ top: pages * this.pages.clientHeight * 0.85, behavior: isCalm() ? "auto" : "smooth" });
  }

  // Where a pointer is: {sheet, overlay, x, y} in pixels of the page's image.
  at(event) {
    const sheet = event.target.closest && event.target.closest(".sheet");
    const overlay = sheet && sheet.querySelector(".overlay");
    return overlay ? { sheet, overlay, ...this.inPage(overlay, event) } : null;
  }

  inPage(overlay, event) {
    const point = new DOMPoint(event.clientX, event.clientY).matrixTransform(overlay.getScreenCTM().inverse());
    return { x: point.x, y: point.y };
  }

  #makeLegible(sheet, width, height) {
    if (this.isOwnScale) return;
    const img = sheet.querySelector("img");
    const room = this.#room();
    const now = sheet.querySelector(".paper").getBoundingClientRect().width / img.width;
    const line = Math.min(height, img.width / LINES_A_WIDTH);
    const widest = (0.92 * room) / Math.max(width, 1);
    let wanted = now;
    if (line * now < LEGIBLE_PX) wanted = LEGIBLE_PX / line;
    wanted = Math.max(Math.min(wanted, widest), Math.min(now, widest));
    wanted = Math.max(wanted, room / img.width);
    if (Math.abs(wanted / now - 1) > 0.05) this.#setScale((wanted * img.width) / room);
  }

  #room() {
    return this.pages.clientWidth - 2 * parseFloat(getComputedStyle(this.pages).paddingLeft);
  }

  #setScale(scale) {
    this.mode = "own";
    this.scale = Math.min(LARGEST, Math.max(SMALLEST, scale));
    this.#apply();
  }

  #apply() {
    this.pages.dataset.mode = this.mode;
    this.pages.style.setProperty("--zoom", this.scale);
    this.#measure();
  }

  #measure() {
    this.pages.style.setProperty("--room", `${this.pages.clientHeight - 28}px`);
    this.#tell();
  }

  // The scale that is seen now, whatever made it.
  #shown() {
    const paper = this.current && this.current.querySelector(".paper");
    return paper ? paper.offsetWidth / this.#room() : this.scale;
  }

  #keeping(at, change) {
    const frame = this.pages.getBoundingClientRect();
    const x = at ? at.clientX : frame.left + frame.width / 2;
    const y = at ? at.clientY : frame.top + frame.height / 2;
    const hit = document.elementFromPoint(x, y);
    const paper = (hit && hit.closest(".paper")) || (this.current && this.current.querySelector(".paper"));
    if (!paper) return change();
    const before = paper.getBoundingClientRect();
    const across = (x - before.left) / before.width, down = (y - before.top) / before.height;
    change();
    const after = paper.getBoundingClientRect();
    this.pages.scrollLeft += after.left + across * after.width - x;
    this.pages.scrollTop += after.top + down * after.height - y;
  }

  // Scrolls the pages only: scrollIntoView would move the whole window too.
  #bring(target, share) {
    const box = target.getBoundingClientRect();
    const frame = this.pages.getBoundingClientRect();
    const air = Math.min(40, frame.height / 6);
    const isSeen = box.top >= frame.top + air && box.bottom <= frame.bottom - air && box.left >= frame.left && box.right <= frame.right;
    if (isSeen && share) return;
    const left = box.width > frame.width * 0.8 ? box.left - frame.left - 14 : box.left - frame.left - (frame.width - box.width) / 2;
    const top = this.pages.scrollTop + box.top - frame.top - (frame.height - box.height) * share;
    const isFar = Math.abs(top - this.pages.scrollTop) > 2 * frame.height;
    this.pages.scrollTo({ top, left: this.pages.scrollLeft + left, behavior: isFar || isCalm() ? "auto" : "smooth" });
  }

  #start(number) {
    const sheet = document.getElementById(`page-${number}`);
    if (!sheet) return;
    const match = sheet.querySelector("rect.match");
    this.current = sheet;
    this.#bring(match || sheet, match ? 0.35 : 0);
  }

  // Images near the sight are fetched before they are seen; text pages as they come near.
  #load() {
    const near = new IntersectionObserver((entries) => {
      for (const { isIntersecting, target } of entries) {
        if (!isIntersecting) continue;
        near.unobserve(target);
        const img = target.querySelector("img");
        if (img) img.loading = "eager";
        const plain = target.querySelector("[data-text]");
        if (plain) this.#fetchText(plain);
      }
    }, { root: this.pages, rootMargin: "60% 0px" });
    for (const sheet of this.sheets) near.observe(sheet);
  }

  async #fetchText(plain) {
    const url = plain.dataset.text;
    plain.removeAttribute("data-text");
    const answer = await fetch(url);
    if (!answer.ok) return;
    const made = new DOMParser().parseFromString(await answer.text(), "text/html");
    plain.replaceChildren(...made.body.childNodes);
  }

  #soon() {
    if (this.frame) return;
    this.frame = requestAnimationFrame(() => {
      this.frame = 0;
      this.#tell();
    });
  }

  #tell() {
    const middle = this.pages.scrollTop + this.pages.clientHeight / 3;
    let low = 0, high = this.sheets.length - 1;
    while (low < high) {
      const half = (low + high + 1) >> 1;
      if (this.sheets[half].offsetTop - this.pages.offsetTop <= middle) low = half;
      else high = half - 1;
    }
    const now = this.sheets[low];
    if (now && now !== this.current) {
      this.current = now;
      this.root.dispatchEvent(new CustomEvent("page-shown", { bubbles: true, detail: { page: Number(now.dataset.page) } }));
    }
    if (this.sheets.length > 1) this.told.textContent = `Page ${low + 1} of ${this.sheets.length}`;
    this.zoomTold.textContent = `${Math.round(this.#shown() * 100)}%`;
    for (const button of this.root.querySelectorAll("[aria-pressed]")) {
      button.setAttribute("aria-pressed", String(button.dataset.view === this.mode));
    }
  }

  #pan() {
    let from = null;
    this.isSpace = false;
    this.pages.addEventListener("pointerdown", (event) => {
      const isPan = event.button === 1 || (event.button === 0 && (this.isSpace || !this.isPicking));
      if (!isPan || event.pointerType !== "mouse" || event.target.closest("pre, a")) return;
      from = { x: event.clientX, y: event.clientY, left: this.pages.scrollLeft, top: this.pages.scrollTop };
      this.pages.setPointerCapture(event.pointerId);
      this.pages.classList.add("panning");
      event.preventDefault();
    });
    this.pages.addEventListener("pointermove", (event) => {
      if (!from) return;
      this.pages.scrollLeft = from.left - (event.clientX - from.x);
      this.pages.scrollTop = from.top - (event.clientY - from.y);
    });
    const end = () => {
      from = null;
      this.pages.classList.remove("panning");
    };
    this.pages.addEventListener("pointerup", end);
    this.pages.addEventListener("pointercancel", end);
  }
}

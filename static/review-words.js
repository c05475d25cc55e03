// Words of a page under the pointer: a click or a drag over them gives their text and their box.

const SVG = "http://www.w3.org/2000/svg";
const DRAGGED_PX = 5;

const bounds = (words) => [
  Math.min(...words.map((word) => word[1])), Math.min(...words.map((word) => word[2])),
  Math.max(...words.map((word) => word[3])), Math.max(...words.map((word) => word[4])),
];

// Lines as a person reads them: a word that begins below the middle of the one before, or left
// of it, starts a new line.
export const textOf = (words, joint) => {
  let text = "", before = null;
  for (const word of words) {
    const isNewLine = before && (word[2] > (before[2] + before[4]) / 2 || word[1] < before[1]);
    const isEnded = /[,;:]$/.test(text);
    text += before ? (isNewLine && !isEnded ? joint : " ") : "";
    text += word[0];
    before = word;
  }
  return text;
};

export class Words {
  // picked(words, box, page): called when a person has chosen; words may be none.
  constructor(viewer, { isActive, picked, joint }) {
    this.viewer = viewer;
    this.known = new Map();
    this.marks = document.createElementNS(SVG, "g");
    this.marks.setAttribute("class", "picked");
    const pages = viewer.pages;
    let from = null;
    pages.addEventListener("pointerdown", (event) => {
      if (event.button || viewer.isSpace || !isActive()) return;
      const at = viewer.at(event);
      if (!at) return;
      if (event.pointerType === "mouse") event.preventDefault(); // the field keeps the focus
      from = { ...at, clientX: event.clientX, clientY: event.clientY };
      this.load(at.sheet);
    });
    pages.addEventListener("mousedown", (event) => {
      if (isActive() && !event.button && viewer.at(event)) event.preventDefault();
    });
    pages.addEventListener("pointermove", (event) => {
      if (event.pointerType !== "mouse" || viewer.isSpace || !isActive()) return;
      if (from) this.#mark(from.overlay, this.#within(from, viewer.inPage(from.overlay, event)), this.#rect(from, event));
      else this.#hover(viewer.at(event));
    });
    pages.addEventListener("pointerup", async (event) => {
      if (!from) return;
      const start = from;
      from = null;
      await this.load(start.sheet);
      const end = viewer.inPage(start.overlay, event);
      const isDrag = Math.hypot(event.clientX - start.clientX, event.clientY - start.clientY) > DRAGGED_PX;
      const words = isDrag ? this.#within(start, end) : this.#under(start.sheet, start);
      this.clear();
      const drawn = [Math.min(start.x, end.x), Math.min(start.y, end.y), Math.max(start.x, end.x), Math.max(start.y, end.y)];
      const page = Number(start.sheet.dataset.page);
      if (words.length) picked({ text: textOf(words, joint()), box: bounds(words), page });
      else if (isDrag) picked({ text: null, box: this.#inside(start.sheet, drawn), page });
    });
    pages.addEventListener("pointercancel", () => {
      from = null;
      this.clear();
    });
    pages.addEventListener("pointerleave", () => from || this.clear());
  }

  load(sheet) {
    const url = sheet.dataset.words;
    if (!url) return Promise.resolve([]);
    if (!this.known.has(url)) {
      const asked = fetch(url).then((answer) => (answer.ok ? answer.json() : { words: [] })).then(({ words }) => {
        asked.words = words;
        return words;
      }).catch(() => this.known.delete(url) && []);
      this.known.set(url, asked);
    }
    return this.known.get(url);
  }

  clear() {
    this.marks.remove();
  }

  #wordsOf(sheet) {
    const asked = this.known.get(sheet.dataset.words);
    return (asked && asked.words) || [];
  }

  #under(sheet, { x, y }) {
    const found = this.#wordsOf(sheet).filter((word) => x >= word[1] - 3 && x <= word[3] + 3 && y >= word[2] - 3 && y <= word[4] + 3);
    return found.slice(0, 1);
  }

  // A thin drag along a line takes the words of that line; a tall one those whose middle it covers.
  #within(start, end) {
    const left = Math.min(start.x, end.x), right = Math.max(start.x, end.x);
    const top = Math.min(start.y, end.y), bottom = Math.max(start.y, end.y);
    return this.#wordsOf(start.sheet).filter((word) => {
      const middle = (word[2] + word[4]) / 2;
      const isBeside = Math.min(right, word[3]) - Math.max(left, word[1]) > 0.3 * Math.min(word[3] - word[1], right - left + 1);
      const isLevel = (middle >= top && middle <= bottom) || ((top + bottom) / 2 >= word[2] && (top + bottom) / 2 <= word[4]);
      return isBeside && isLevel;
    });
  }

  #inside(sheet, [left, top, right, bottom]) {
    const img = sheet.querySelector("img");
    return [Math.max(0, left), Math.max(0, top), Math.min(img.width, right), Math.min(img.height, bottom)];
  }

  #rect(start, event) {
    const end = this.viewer.inPage(start.overlay, event);
    return [Math.min(start.x, end.x), Math.min(start.y, end.y), Math.max(start.x, end.x), Math.max(start.y, end.y)];
  }

  #hover(at) {
    if (!at) return this.clear();
    this.load(at.sheet);
    this.#mark(at.overlay, this.#under(at.sheet, at), null);
  }

  #mark(overlay, words, lasso) {
    const rects = words.map((word) => this.#drawn(word.slice(1), "word"));
    if (lasso) rects.push(this.#drawn(lasso, "lasso"));
    this.marks.replaceChildren(...rects);
    if (this.marks.parentNode !== overlay) overlay.append(this.marks);
  }

  #drawn([left, top, right, bottom], kind) {
    const rect = document.createElementNS(SVG, "rect");
    const sides = { class: kind, x: left, y: top, width: right - left, height: bottom - top, rx: 2 };
    for (const [name, value] of Object.entries(sides)) rect.setAttribute(name, value);
    return rect;
  }
}

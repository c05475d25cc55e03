// Words that were searched for, marked on the images of a document's pages.
//
// A page that shows page images includes this file; nothing else is needed. It reads the address:
//
//   ?page=2&q=steel pipes    the page's number in its file, and what was searched for
//
// asks `/uploads/<id>/pages/2/matches?q=...` for the boxes of these words, and draws them over
// <img src="/uploads/<id>/pages/2.webp...">, whose parent must be its frame. Images that come
// later are waited for. Boxes are in pixels of the stored image, so they fit at any zoom. Marks that
// the page came with (svg.overlay > rect.match) are replaced: these know word forms as a search does.
"use strict";

{
  const SVG = "http://www.w3.org/2000/svg";
  const asked = new URLSearchParams(location.search);
  const number = asked.get("page");
  const query = asked.get("q");
  const isPage = /^(.*\/uploads\/[0-9a-f-]{36}\/pages\/(\d+))\.webp$/;

  const find = () => {
    for (const image of document.images) {
      const address = image.getAttribute("src") && isPage.exec(new URL(image.src).pathname);
      if (address && address[2] === number) return { image, address: address[1] };
    }
    return null;
  };

  // The overlay that the page has on this image, or one of our own.
  const overlayOf = (image, width, height) => {
    const frame = image.parentElement;
    const own = frame.querySelector("svg.overlay");
    if (own) return own;
    const made = document.createElementNS(SVG, "svg");
    made.setAttribute("class", "overlay");
    made.setAttribute("viewBox", `0 0 ${width} ${height}`);
    made.setAttribute("aria-hidden", "true");
    frame.append(made);
    return made;
  };

  const draw = (image, { width, height, boxes }) => {
    if (!boxes.length || !width) return;
    const overlay = overlayOf(image, width, height);
    const before = overlay.querySelectorAll("rect.match");
    for (const rect of before) rect.remove();
    for (const [left, top, right, bottom] of boxes) {
      const rect = document.createElementNS(SVG, "rect");
      const sides = { x: left - 4, y: top - 4, width: right - left + 8, height: bottom - top + 8, rx: 3 };
      for (const [name, value] of Object.entries(sides)) rect.setAttribute(name, value);
      rect.setAttribute("class", "match");
      overlay.append(rect);
    }
    if (!before.length) overlay.querySelector("rect.match").scrollIntoView({ block: "center", inline: "nearest" });
  };

  const mark = async ({ image, address }) => {
    const answer = await fetch(`${address}/matches?${new URLSearchParams({ q: query })}`);
    if (answer.ok) draw(image, await answer.json());
  };

  const start = () => {
    const found = find();
    if (found) mark(found);
    return Boolean(found);
  };
  if (number && query && !start()) {
    const watch = new MutationObserver(() => { if (start()) watch.disconnect(); });
    watch.observe(document.body, { childList: true, subtree: true, attributes: true, attributeFilter: ["src"] });
  }
}

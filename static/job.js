// The pages of a job: a block of them is fetched when it comes into sight, and fetched again
// while it is in sight and pages of it are still being read.
const AGAIN_MS = 3000;

const fetchBlock = (block) => {
  if (block.dataset.busy) return;
  block.dataset.busy = "1";
  htmx.ajax("GET", block.dataset.block, { target: block, swap: "outerHTML" });
};

const inSight = new Set();
const watch = new IntersectionObserver(
  (entries) => {
    for (const { target, isIntersecting } of entries) {
      if (!isIntersecting) inSight.delete(target);
      else {
        inSight.add(target);
        if ("toCome" in target.dataset) fetchBlock(target);
      }
    }
  },
  { root: null, rootMargin: "300px 0px" },
);

const observe = () => {
  const box = document.getElementById("pages-box");
  if (!box) return;
  inSight.clear();
  watch.disconnect();
  for (const block of box.querySelectorAll(".block")) watch.observe(block);
  // A block that is not there yet is as high as one that is.
  const there = box.querySelector(".block:not([data-to-come])");
  if (there && box.querySelector("[data-to-come]")) box.style.setProperty("--block-height", `${there.offsetHeight}px`);
};

document.addEventListener("htmx:afterSettle", (event) => {
  if (event.target.closest && event.target.closest("#pages")) observe();
});
setInterval(() => {
  if (document.hidden) return;
  for (const block of inSight) if ("filling" in block.dataset && block.isConnected) fetchBlock(block);
}, AGAIN_MS);
observe();

// Sends chosen, dropped, pasted and photographed files, three at a time, and tells how far each
// one is. Several at once become one batch. A file that is taken in is a job, and the server's
// own list follows it from there; what was not sent when the page went is named when it is back.
const form = document.getElementById("upload");
const drop = document.getElementById("drop");
const list = document.getElementById("transfers");
const pattern = document.getElementById("transfer");
const section = document.getElementById("sending");
const told = document.getElementById("sending-told");
const bar = document.getElementById("sending-bar");
const stop = document.getElementById("stop");
const clear = document.getElementById("clear");
const lost = document.getElementById("lost");
const maxBytes = Number(form.dataset.maxBytes);
const memory = `docket.unsent.${form.dataset.user}`;
const AT_ONCE = 3;
const MOST_NAMED = 200;
// The system's own files in folders; nobody means them.
const LITTER = /(^\.)|^(thumbs\.db|desktop\.ini)$/i;

const waiting = [];
const running = new Set();
const counts = { all: 0, taken: 0, known: 0, refused: 0, bytes: 0, sent: 0 };

// -- what survives a reload --------------------------------------------------------------------

const remember = () => {
  const names = [...running, ...waiting].slice(0, MOST_NAMED).map((job) => job.file.name);
  try {
    if (names.length) sessionStorage.setItem(memory, JSON.stringify({ names, count: running.size + waiting.length }));
    else sessionStorage.removeItem(memory);
  } catch { /* a browser that keeps nothing */ }
};

const tellLost = () => {
  let kept = null;
  try {
    kept = JSON.parse(sessionStorage.getItem(memory));
    sessionStorage.removeItem(memory);
  } catch { /* nothing to tell */ }
  if (!kept || !kept.names) return;
  const shown = kept.names.slice(0, 12).join(", ");
  const more = kept.count > 12 ? ` and ${kept.count - 12} more` : "";
  lost.querySelector("p").textContent = `The page was left before ${kept.count === 1 ? "this file was" : `these ${kept.count} files were`} sent: ${shown}${more}. Choose them again; what did arrive is recognised and not read twice.`;
  lost.hidden = false;
};
lost.querySelector("button").addEventListener("click", () => { lost.hidden = true; });

// -- what is shown -----------------------------------------------------------------------------

const megabytes = (bytes) => (bytes < 1e6 ? `${Math.max(1, Math.round(bytes / 1e3))} kB` : `${(bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0)} MB`);
const files = (number) => `${number} file${number === 1 ? "" : "s"}`;

const tell = () => {
  const left = running.size + waiting.length;
  const under = [...running].reduce((sum, job) => sum + job.loaded, 0);
  section.hidden = !counts.all;
  bar.value = counts.bytes ? (counts.sent + under) / counts.bytes : 1;
  bar.hidden = stop.hidden = !left;
  clear.hidden = Boolean(left);
  const parts = [];
  if (left) parts.push(`Sending ${files(left)} of ${counts.all}, ${megabytes(counts.sent + under)} of ${megabytes(counts.bytes)}`);
  else parts.push(`${counts.taken} of ${files(counts.all)} taken in`);
  if (counts.known) parts.push(`${counts.known} already here`);
  if (counts.refused) parts.push(`${counts.refused} refused`);
  const text = parts.join(" · ");
  if (told.textContent !== text) told.textContent = text;
  list.hidden = !list.children.length;
};

const line = (job) => {
  const row = pattern.content.firstElementChild.cloneNode(true);
  job.row = row;
  job.bar = row.querySelector("progress");
  job.told = row.querySelector(".transfer-told");
  job.button = row.querySelector("button");
  row.querySelector(".transfer-name").textContent = job.file.name;
  row.querySelector(".transfer-name").title = job.file.name;
  job.bar.setAttribute("aria-label", `${job.file.name}: sent`);
  list.append(row);
};

const takeAway = (job) => {
  if (job.row) job.row.remove();
  job.row = null;
};

const refuse = (job, message, code, again) => {
  if (!job.row) line(job);
  counts.refused += 1;
  job.row.classList.add("refused");
  const sign = document.createElement("code");
  sign.textContent = code;
  job.told.replaceChildren(`${message} `, sign);
  job.button.hidden = false;
  job.button.textContent = again ? "Send again" : "Dismiss";
  job.button.onclick = () => {
    takeAway(job);
    if (again) {
      counts.refused -= 1;
      counts.bytes += job.file.size;
      waiting.push({ file: job.file, drop: job.drop, loaded: 0 });
      next();
    }
    tell();
  };
  // What went wrong stands above what goes on.
  list.prepend(job.row);
};

const known = (job, answer) => {
  counts.known += 1;
  if (!job.row) line(job);
  job.row.classList.add("known");
  const link = document.createElement("a");
  link.href = answer.url;
  link.textContent = "See what became of it";
  job.told.replaceChildren("Already here. ", link);
  job.button.hidden = false;
  job.button.textContent = "Dismiss";
  job.button.onclick = () => { takeAway(job); tell(); };
};

let soon = 0;
const refreshRecent = () => {
  if (soon) return;
  soon = setTimeout(() => { soon = 0; htmx.trigger("#recent", "refresh"); }, running.size + waiting.length ? 700 : 50);
};

// -- what is sent ------------------------------------------------------------------------------

const ask = async (url, fields) => {
  const body = new FormData();
  for (const [name, value] of fields) body.append(name, value);
  try {
    const answer = await fetch(url, { method: "POST", body, headers: { Accept: "application/json" } });
    return answer.ok && answer.status !== 204 ? await answer.json() : null;
  } catch {
    return null;
  }
};

const openBatch = (dropped) => {
  dropped.open ||= ask(form.dataset.batch, dropped.fields).then((answer) => { dropped.batch = answer ? answer.batch : ""; });
  return dropped.open;
};

const ended = (job) => {
  job.drop.left -= 1;
  if (!job.drop.left && job.drop.batch) ask(`${form.dataset.batch}/${job.drop.batch}/close`, job.drop.fields).then(refreshRecent);
};

const read = (request) => {
  try {
    return JSON.parse(request.responseText);
  } catch {
    return null;
  }
};

const settle = (job, request) => {
  const answer = read(request);
  counts.sent += job.file.size;
  if (answer && answer.job && answer.is_new) {
    counts.taken += 1;
    takeAway(job);
  } else if (answer && answer.job) known(job, answer);
  else if (answer && answer.message) refuse(job, answer.message, answer.code, request.status >= 500);
  else if (request.responseURL.includes("/login")) refuse(job, "You are signed out. Reload the page and sign in again.", "signed_out", false);
  else if (request.status === 413) refuse(job, "The file is larger than this site takes.", "file_too_large", false);
  else refuse(job, "The server did not take it. Try again in a moment.", `http_${request.status}`, true);
  refreshRecent();
};

const send = async (job) => {
  if (job.drop.isBatch) await openBatch(job.drop);
  if (job.isStopped) return finish(job);
  const body = new FormData();
  for (const [name, value] of job.drop.fields) body.append(name, value);
  if (job.drop.batch) body.append("batch", job.drop.batch);
  body.append("files", job.file, job.file.name);
  const request = new XMLHttpRequest();
  job.request = request;
  request.open("POST", form.action);
  request.setRequestHeader("Accept", "application/json");
  request.upload.addEventListener("progress", (event) => {
    if (!event.lengthComputable) return;
    job.loaded = Math.min(job.file.size, event.loaded);
    job.bar.value = (100 * event.loaded) / event.total;
    job.told.textContent = event.loaded < event.total ? `Sending, ${Math.floor(job.bar.value)} %` : "Taking it in";
    tell();
  });
  request.addEventListener("load", () => settle(job, request));
  request.addEventListener("error", () => {
    counts.bytes -= job.file.size;
    refuse(job, "The connection broke.", "connection_broke", true);
  });
  request.addEventListener("abort", () => {
    counts.bytes -= job.file.size;
    refuse(job, "Not sent: you stopped it.", "stopped", true);
  });
  request.addEventListener("loadend", () => finish(job));
  request.send(body);
};

const finish = (job) => {
  running.delete(job);
  ended(job);
  remember();
  next();
};

const next = () => {
  while (running.size < AT_ONCE && waiting.length) {
    const job = waiting.shift();
    running.add(job);
    line(job);
    job.told.textContent = "Sending";
    send(job);
  }
  tell();
};

const add = (chosen) => {
  const found = chosen.filter((file) => !LITTER.test(file.name));
  if (!found.length) return;
  const fields = [...new FormData(form)].filter(([name]) => name !== "files");
  const dropped = { fields, isBatch: found.length > 1, batch: "", left: found.length };
  for (const file of found) {
    const job = { file, drop: dropped, loaded: 0 };
    counts.all += 1;
    if (file.size > maxBytes) {
      refuse(job, `The file is larger than ${megabytes(maxBytes)}; send it in parts.`, "file_too_large", false);
      dropped.left -= 1;
    } else {
      counts.bytes += file.size;
      waiting.push(job);
    }
  }
  remember();
  next();
};

stop.addEventListener("click", () => {
  for (const job of waiting.splice(0)) {
    counts.bytes -= job.file.size;
    refuse(job, "Not sent: you stopped it.", "stopped", true);
    ended(job);
  }
  for (const job of running) {
    job.isStopped = true;
    if (job.request) job.request.abort();
  }
  remember();
  tell();
});

clear.addEventListener("click", () => {
  list.replaceChildren();
  for (const name of Object.keys(counts)) counts[name] = 0;
  tell();
});

// -- where files come from ---------------------------------------------------------------------

for (const id of ["id_files", "id_folder", "id_camera"]) {
  const picker = document.getElementById(id);
  picker.required = false;
  picker.addEventListener("change", () => {
    add([...picker.files]);
    picker.value = "";
  });
}
form.addEventListener("submit", (event) => event.preventDefault());

// A reader gives a folder's entries a hundred at a time, until it gives none.
const entriesOf = async (folder) => {
  const reader = folder.createReader();
  const all = [];
  for (;;) {
    const some = await new Promise((resolve) => { reader.readEntries(resolve, () => resolve([])); });
    if (!some.length) return all;
    all.push(...some);
  }
};

const filesOf = async (entry) => {
  if (entry.isFile) return [await new Promise((resolve) => { entry.file(resolve, () => resolve(null)); })].filter(Boolean);
  if (LITTER.test(entry.name)) return [];
  const found = [];
  for (const inner of await entriesOf(entry)) found.push(...(await filesOf(inner)));
  return found;
};

const hasFiles = (event) => event.dataTransfer && [...event.dataTransfer.types].includes("Files");
document.addEventListener("dragover", (event) => {
  if (!hasFiles(event)) return;
  event.preventDefault();
  drop.classList.add("over");
});
document.addEventListener("dragleave", (event) => {
  if (!event.relatedTarget) drop.classList.remove("over");
});
document.addEventListener("drop", async (event) => {
  if (!hasFiles(event)) return;
  event.preventDefault();
  drop.classList.remove("over");
  // Both are empty once this handler has returned for the first time.
  const entries = [...event.dataTransfer.items].map((item) => item.webkitGetAsEntry && item.webkitGetAsEntry()).filter(Boolean);
  const plain = [...event.dataTransfer.files];
  if (!entries.some((entry) => entry.isDirectory)) add(plain);
  else add((await Promise.all(entries.map(filesOf))).flat());
});

document.addEventListener("paste", (event) => {
  const pasted = [...(event.clipboardData ? event.clipboardData.files : [])];
  if (!pasted.length) return;
  event.preventDefault();
  const stamp = new Date().toISOString().slice(0, 19).replace("T", " ").replaceAll(":", ".");
  add(pasted.map((file) => (file.name === "image.png" ? new File([file], `Screenshot ${stamp}.png`, { type: file.type }) : file)));
});

window.addEventListener("beforeunload", (event) => {
  if (running.size || waiting.length) event.preventDefault();
});
tellLost();

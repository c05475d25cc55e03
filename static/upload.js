// Sends chosen, dropped and pasted files one by one and tells how far each one is. Once a file
// is taken in it is a job, and the server's own list of recent jobs follows it from there.
"use strict";

const form = document.getElementById("upload");
if (form) {
  const drop = document.getElementById("drop");
  const picker = document.getElementById("id_files");
  const list = document.getElementById("transfers");
  const pattern = document.getElementById("transfer");
  const maxBytes = Number(form.dataset.maxBytes);
  const AT_ONCE = 3;
  const waiting = [];
  let sending = 0;

  const refreshRecent = () => htmx.trigger("#recent", "refresh");

  const line = (file) => {
    const row = pattern.content.firstElementChild.cloneNode(true);
    const parts = {
      row,
      bar: row.querySelector("progress"),
      told: row.querySelector(".transfer-told"),
      dismiss: row.querySelector("button"),
    };
    row.querySelector(".transfer-name").textContent = file.name;
    parts.told.textContent = "Waiting";
    parts.dismiss.addEventListener("click", () => row.remove());
    list.append(row);
    return parts;
  };

  const refuse = (parts, message) => {
    parts.row.classList.add("refused");
    parts.told.textContent = message;
    parts.dismiss.hidden = false;
  };

  const accept = (parts, answer) => {
    if (answer.is_new) {
      parts.row.remove();
    } else {
      parts.row.classList.add("known");
      const link = document.createElement("a");
      link.href = answer.url;
      link.textContent = "See what became of it";
      parts.told.replaceChildren("This file was already here. ", link);
      parts.dismiss.hidden = false;
    }
    refreshRecent();
  };

  const read = (request) => {
    try {
      return JSON.parse(request.responseText);
    } catch {
      return null;
    }
  };

  const ended = (request, parts) => {
    const answer = read(request);
    if (answer && answer.job) accept(parts, answer);
    else if (answer && answer.message) refuse(parts, answer.message);
    else if (request.responseURL.includes("/login")) refuse(parts, "You are signed out. Reload the page and sign in again.");
    else if (request.status === 413) refuse(parts, "The file is larger than this site takes.");
    else refuse(parts, "The server did not take it. Try again in a moment.");
  };

  const send = ({ file, parts, fields }) => {
    const body = new FormData();
    for (const [name, value] of fields) body.append(name, value);
    body.append("files", file, file.name);
    const request = new XMLHttpRequest();
    request.open("POST", form.action);
    request.setRequestHeader("Accept", "application/json");
    request.upload.addEventListener("progress", (event) => {
      if (!event.lengthComputable) return;
      parts.bar.value = (100 * event.loaded) / event.total;
      parts.told.textContent = event.loaded < event.total ? `Sending, ${Math.floor(parts.bar.value)} %` : "Taking it in";
    });
    request.addEventListener("load", () => ended(request, parts));
    request.addEventListener("error", () => refuse(parts, "The connection broke. Send the file again."));
    request.addEventListener("loadend", () => {
      sending -= 1;
      next();
    });
    request.send(body);
  };

  const next = () => {
    while (sending < AT_ONCE && waiting.length) {
      sending += 1;
      send(waiting.shift());
    }
  };

  const add = (files) => {
    const fields = [...new FormData(form)].filter(([name]) => name !== "files");
    for (const file of files) {
      const parts = line(file);
      if (file.size > maxBytes) refuse(parts, "The file is larger than this site takes; send it in parts.");
      else waiting.push({ file, parts, fields });
    }
    next();
  };

  picker.required = false;
  picker.addEventListener("change", () => {
    add([...picker.files]);
    picker.value = "";
  });
  form.addEventListener("submit", (event) => event.preventDefault());

  const hasFiles = (event) => event.dataTransfer && [...event.dataTransfer.types].includes("Files");
  document.addEventListener("dragover", (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    drop.classList.add("over");
  });
  document.addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) drop.classList.remove("over");
  });
  document.addEventListener("drop", (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    drop.classList.remove("over");
    add([...event.dataTransfer.files]);
  });

  document.addEventListener("paste", (event) => {
    const files = [...(event.clipboardData ? event.clipboardData.files : [])];
    if (!files.length) return;
    event.preventDefault();
    const stamp = new Date().toISOString().slice(0, 19).replace("T", " ").replaceAll(":", ".");
    add(files.map((file) => (file.name === "image.png" ? new File([file], `Screenshot ${stamp}.png`, { type: file.type }) : file)));
  });

  window.addEventListener("beforeunload", (event) => {
    if (sending || waiting.length) event.preventDefault();
  });
}

// The export with its progress on the page. Without this script the browser downloads it by itself, and shows its own.
"use strict";

// Each file in a ZIP begins with these four bytes; its name, thirty bytes after them, says whether it is a photo.
const SIGNATURE = [0x50, 0x4b, 3, 4];
const FOLDER = [...new TextEncoder().encode("images/")];
const NAME_AT = 30;
const HEAD = NAME_AT + FOLDER.length;
const PART = 16 * 1024 * 1024;

const form = document.getElementById("export");
if (form) form.addEventListener("submit", (event) => { event.preventDefault(); download(form); });

async function download(form) {
  const shown = pageOf(form);
  const stopping = new AbortController();
  shown.stop.onclick = () => stopping.abort();
  shown.begin();
  try {
    const answer = await fetch(form.action, { method: "POST", body: new FormData(form), signal: stopping.signal });
    if (!answer.ok) throw new Error(`the site answered ${answer.status}`);
    save(await received(answer, shown), nameOf(answer));
    shown.end("Done");
  } catch (error) {
    shown.end(stopping.signal.aborted ? "Stopped" : `Broken off (${error.message}): nothing was saved. Try again`);
  }
}

// The answer's bytes as one Blob, which is grown by parts: the browser keeps a large one on the disk.
async function received(answer, shown) {
  let whole = new Blob([], { type: "application/zip" });
  let waiting = [], size = 0, rest = new Uint8Array(0);
  for (const reader = answer.body.getReader(); ;) {
    const { done, value } = await reader.read();
    if (value) {
      const seen = joined(rest, value);
      shown.add(value.length, photosIn(seen));
      rest = seen.slice(Math.max(0, seen.length - HEAD + 1));
      waiting.push(value);
      size += value.length;
    }
    if (done || size >= PART) {
      whole = new Blob([whole, ...waiting], { type: whole.type });
      waiting = [];
      size = 0;
    }
    if (done) return whole;
  }
}

function photosIn(bytes) {
  let count = 0;
  for (let at = bytes.indexOf(SIGNATURE[0]); at !== -1 && at + HEAD <= bytes.length; at = bytes.indexOf(SIGNATURE[0], at + 1)) {
    if (isAt(bytes, SIGNATURE, at) && isAt(bytes, FOLDER, at + NAME_AT)) count += 1;
  }
  return count;
}

function isAt(bytes, wanted, at) {
  return wanted.every((byte, number) => bytes[at + number] === byte);
}

function joined(first, second) {
  const both = new Uint8Array(first.length + second.length);
  both.set(first);
  both.set(second, first.length);
  return both;
}

function nameOf(answer) {
  return /filename="([^"]+)"/.exec(answer.headers.get("Content-Disposition") || "")?.[1] || "predictions.zip";
}

function save(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

function pageOf(form) {
  const [submit, stop] = [form.querySelector("[type=submit]"), document.getElementById("export-stop")];
  const [bar, progress, said] = ["export-bar", "export-progress", "export-said"].map((id) => document.getElementById(id));
  const total = Number(form.dataset.photos || 0);
  let bytes = 0, photos = 0;
  const account = () => `${photos}${total ? ` of ${total}` : ""} photos, ${(bytes / 1e6).toFixed(1)} MB`;
  const busy = (is) => { submit.disabled = is; stop.hidden = bar.hidden = !is; };
  return {
    stop,
    begin() {
      bytes = photos = 0;
      progress.removeAttribute("value");
      said.textContent = "Begun …";
      busy(true);
    },
    add(moreBytes, morePhotos) {
      bytes += moreBytes;
      photos += morePhotos;
      if (total) { progress.max = total; progress.value = photos; }
      said.textContent = `${account()} …`;
    },
    end(how) {
      said.textContent = `${how}: ${account()}.`;
      busy(false);
    },
  };
}

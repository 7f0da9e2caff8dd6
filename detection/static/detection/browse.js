// The pages of predictions: boxes on and off, keys, the slider of confidence, and zoom. Everything else works without this file.
"use strict";

const page = document.querySelector(".browse");
const boxes = document.getElementById("show-boxes");

function showBoxes(shown) {
  page.classList.toggle("no-boxes", !shown);
  if (boxes) boxes.checked = shown;
  localStorage.setItem("boxes", shown ? "on" : "off");
}

function step(by) {
  if (page.dataset.keys === "one") {
    document.querySelector(by > 0 ? ".bar a[rel=next]" : ".bar a[rel=prev]")?.click();
    return;
  }
  const links = [...page.querySelectorAll("a.open")];
  const next = links[Math.min(Math.max(links.indexOf(document.activeElement) + by, 0), links.length - 1)];
  next?.focus();
  next?.scrollIntoView({ block: "nearest" });
}

const keys = { j: () => step(1), k: () => step(-1), b: () => showBoxes(page.classList.contains("no-boxes")) };

document.addEventListener("keydown", (event) => {
  const typing = event.target.closest("input:not([type=checkbox]):not([type=range]), select, textarea");
  if (typing || event.ctrlKey || event.metaKey || event.altKey || !(event.key in keys)) return;
  event.preventDefault();
  keys[event.key]();
});

boxes?.addEventListener("change", () => showBoxes(boxes.checked));
showBoxes(localStorage.getItem("boxes") !== "off");

const slider = document.getElementById("confidence");
slider?.addEventListener("input", () => {
  const least = Number(slider.value);
  const found = [...page.querySelectorAll("[data-percent]")];
  for (const one of found) one.classList.toggle("below", Number(one.dataset.percent) < least);
  const rows = found.filter((one) => one.tagName === "TR");
  slider.nextElementSibling.value = `${least} %: ${rows.filter((one) => !one.classList.contains("below")).length} of ${rows.length}`;
});

const all = document.getElementById("pick-all");
all?.addEventListener("click", () => {
  const boxes = [...document.querySelectorAll("input[name=ids]")];
  const pick = boxes.some((box) => !box.checked);
  for (const box of boxes) box.checked = pick;
  all.textContent = pick ? "Pick none" : "Pick all";
});

let zoom = 1;
for (const button of page.querySelectorAll("[data-zoom]")) {
  button.addEventListener("click", () => {
    zoom = { in: Math.min(zoom * 1.5, 8), out: Math.max(zoom / 1.5, 1), fit: 1 }[button.dataset.zoom];
    const photo = page.querySelector(".stage .photo");
    photo.classList.toggle("zoomed", zoom > 1);
    photo.style.width = zoom > 1 ? `${100 * zoom}%` : "";
  });
}

for (const image of page.querySelectorAll(".photo img")) {
  const missing = () => image.parentElement.classList.add("missing");
  if (image.complete && !image.naturalWidth) missing();
  else image.addEventListener("error", missing);
}

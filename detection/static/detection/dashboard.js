// Takes the dashboard's figures anew every 30 s: unless that is turned off here, nobody looks, or somebody is at work in them.
const EVERY = 30_000;
const KEPT = "dashboard-refresh";
const box = document.querySelector("#refresh");
const trouble = document.querySelector("#trouble");

box.closest("[hidden]").hidden = false;
box.checked = localStorage.getItem(KEPT) !== "off";
box.addEventListener("change", () => localStorage.setItem(KEPT, box.checked ? "on" : "off"));

async function refresh() {
  const figures = document.querySelector("#figures");
  const inUse = figures.contains(document.activeElement) || figures.querySelector("details[open]");
  if (!box.checked || document.hidden || inUse) return;
  const answer = await fetch(location.href);
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const fresh = page.querySelector("#figures");
  trouble.textContent = fresh ? "" : "These figures are old: the site did not give new ones.";
  if (fresh) figures.replaceWith(fresh);
}

setInterval(() => {
  refresh().catch(() => { trouble.textContent = "These figures are old: the site can't be reached."; });
}, EVERY);

// Writing, and sending photos and files: by button, drag and drop, paste, or a sample.

import * as api from "./api.js";
import { toEnd } from "./conversation.js";
import { byId, make, toast } from "./elements.js";
import { changed, currentChat, state } from "./state.js";

const SAMPLE_NAMES = { astronaut: "An astronaut", chelsea: "A cat", coffee: "A coffee", rocket: "A rocket", breakfast: "A breakfast", party: "A party", street: "A street", zoo: "Animals" };
const MOST = 10; // an album's most
let outgoing = [];
let counter = 0;

async function sending(item, send) {
  const waits = { ...item, key: `sending${(counter += 1)}`, chat: state.current };
  state.sending.push(waits);
  state.replyTo = null;
  changed();
  toEnd(true);
  try {
    await send(waits.chat);
  } catch (error) {
    toast(error.message);
  }
  state.sending = state.sending.filter((other) => other !== waits);
  if (waits.url) URL.revokeObjectURL(waits.url);
  changed();
}

export function sendText(text) {
  const replyTo = state.replyTo?.message_id ?? null;
  if (text.trim() && state.current) sending({ text }, (chat) => api.sendText(chat, text, replyTo));
}

function sendFiles(files, { asFile = false, caption = "" } = {}) {
  const replyTo = state.replyTo?.message_id ?? null;
  const pictures = files.every(isPicture);
  const url = pictures && !asFile ? URL.createObjectURL(files[0]) : null;
  const item = { url, text: caption || (url ? "" : files[0].name) };
  const one = (chat) => api.sendFile(chat, files[0], { asFile, caption, replyTo });
  sending(item, files.length === 1 ? one : (chat) => api.sendAlbum(chat, files, { asFile: asFile || !pictures, caption }));
}

const isPicture = (file) => /^image\/(jpeg|png|webp|bmp)$/.test(file.type);

export function offer(list) {
  const files = [...list].slice(0, MOST);
  if (!files.length || !currentChat()) return;
  if (list.length > MOST) toast(`The first ${MOST} are sent: an album holds no more`);
  outgoing = files;
  const pictures = files.every(isPicture);
  const noun = pictures ? "photo" : "file";
  byId("outgoing-title").textContent = files.length === 1 ? `Send a ${noun}` : `Send ${files.length} ${noun}s`;
  byId("previews").className = files.length > 1 ? "previews many" : "previews";
  byId("previews").replaceChildren(...files.map(preview));
  byId("as-file-line").hidden = !pictures;
  byId("as-file").checked = false;
  byId("caption").value = "";
  byId("outgoing").returnValue = "";
  byId("outgoing").showModal();
  byId("caption").focus();
}

function preview(file) {
  if (!isPicture(file)) return make("p", { textContent: `📎 ${file.name}` });
  const url = URL.createObjectURL(file);
  return make("img", { src: url, alt: file.name, onload: () => URL.revokeObjectURL(url) });
}

async function sendSample(sample) {
  const data = await (await fetch(sample.url)).blob();
  sendFiles([new File([data], `${sample.name}.jpg`, { type: "image/jpeg" })]);
}

function sampleButton(sample, withName) {
  const name = SAMPLE_NAMES[sample.name] ?? sample.name;
  const image = make("img", { src: sample.url, alt: "", loading: "eager" });
  const properties = { type: "button", ariaLabel: `Send a sample photo: ${name}`, title: name, "data-testid": "sample", "data-sample": sample.name, onclick: () => sendSample(sample) };
  return make("button", properties, image, withName ? name : null);
}

async function showSamples() {
  const samples = await api.readSamples();
  document.querySelector('[data-samples="card"]').replaceChildren(...samples.map((sample) => sampleButton(sample, true)));
  byId("sample-strip").replaceChildren(make("span", { textContent: "Try one" }), ...samples.map((sample) => sampleButton(sample, false)));
}

function grow() {
  const text = byId("text");
  text.style.height = "40px";
  text.style.height = `${Math.min(text.scrollHeight, 160)}px`;
}

function wireText() {
  const submit = () => {
    sendText(byId("text").value);
    byId("text").value = "";
    grow();
  };
  byId("form").addEventListener("submit", (event) => { event.preventDefault(); submit(); });
  byId("text").addEventListener("input", grow);
  byId("text").addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) { event.preventDefault(); submit(); }
    if (event.key === "Escape") { state.replyTo = null; changed(); }
  });
  byId("reply-off").addEventListener("click", () => { state.replyTo = null; changed(); });
}

function wireFiles() {
  byId("attach").addEventListener("click", () => byId("attach-file").click());
  byId("attach-file").addEventListener("change", (event) => { offer([...event.target.files]); event.target.value = ""; });
  byId("outgoing").addEventListener("close", () => {
    const options = { asFile: byId("as-file").checked, caption: byId("caption").value.trim() };
    if (byId("outgoing").returnValue === "send") sendFiles(outgoing, options);
    outgoing = [];
  });
  byId("caption").addEventListener("keydown", (event) => {
    if (event.key === "Enter") { event.preventDefault(); byId("confirm-send").click(); }
  });
  document.addEventListener("paste", (event) => {
    if (event.clipboardData?.files.length) { event.preventDefault(); offer(event.clipboardData.files); }
  });
}

function wireDrop() {
  const hasFiles = (event) => event.dataTransfer?.types.includes("Files");
  document.addEventListener("dragover", (event) => { if (hasFiles(event)) { event.preventDefault(); byId("drop").hidden = false; } });
  document.addEventListener("dragleave", (event) => { if (!event.relatedTarget) byId("drop").hidden = true; });
  document.addEventListener("drop", (event) => {
    byId("drop").hidden = true;
    if (hasFiles(event)) { event.preventDefault(); offer(event.dataTransfer.files); }
  });
}

export function renderComposer() {
  const chat = currentChat();
  const closed = Boolean(chat?.blocked || chat?.migrated_to);
  byId("composer").hidden = closed || !chat;
  byId("blocked").hidden = !chat?.blocked;
  byId("moved").hidden = !chat?.migrated_to;
  byId("replying").hidden = !state.replyTo;
  byId("replying-text").textContent = state.replyTo ? state.replyTo.text ?? state.replyTo.caption ?? "Photo" : "";
}

export async function startComposer() {
  wireText();
  wireFiles();
  wireDrop();
  await showSamples();
}

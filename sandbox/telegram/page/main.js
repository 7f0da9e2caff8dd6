// The chat page: puts its parts together. The open chat is in the address (#5000000001), so that "back" leaves it on a phone.

import * as api from "./api.js";
import { renderChats } from "./chatlist.js";
import { offer, renderComposer, sendText, startComposer } from "./composer.js";
import { atEnd, jump, renderConversation, toEnd } from "./conversation.js";
import { byId, make, toast } from "./elements.js";
import { changed, currentChat, follow, markRead, onChange, openChat, refresh, state } from "./state.js";
import { startViewer, view } from "./viewer.js";

const act = {
  view,
  jump,
  command: sendText,
  reply: (message) => { state.replyTo = message; changed(); byId("text").focus(); },
};

const narrow = matchMedia("(max-width: 720px)");
const open = (chat) => { location.hash = chat; };

function render() {
  renderChats(open);
  renderComposer(); // before the conversation, which stays at its end whatever height is left to it
  renderConversation(act);
  menu();
  if (!state.current && state.chats.length && (!narrow.matches || location.hash !== "#chats")) choose();
}

async function choose() {
  const wanted = [location.hash.slice(1), localStorage.getItem("current")].map(Number);
  const known = wanted.find((id) => state.chats.some((chat) => chat.id === id)) ?? state.chats[0].id;
  if (location.hash === `#${known}`) await enter();
  else location.replace(`#${known}`);
}

async function enter() {
  const id = Number(location.hash.slice(1));
  const known = state.chats.some((chat) => chat.id === id);
  document.body.classList.toggle("in-chat", known);
  if (!known) return;
  try {
    await openChat(id);
  } catch (error) {
    toast(error.message);
  }
  if (!narrow.matches) byId("text").focus({ preventScroll: true });
}

function menu() {
  const chat = currentChat();
  if (!chat) return;
  const items = [];
  for (const { command, description } of state.commands) items.push([`/${command}  ${description}`, () => sendText(`/${command}`)]);
  if (!chat.migrated_to) items.push(chat.blocked ? ["Unblock Polybot", () => api.unblock(chat.id)] : ["Block Polybot", () => api.block(chat.id)]);
  if (chat.type === "group" && !chat.migrated_to) items.push(["Make it a supergroup", async () => open((await api.migrate(chat.id)).id)]);
  byId("menu").replaceChildren(...items.map(([name, run]) => make("button", { role: "menuitem", type: "button", textContent: name, onclick: () => pick(run) })));
}

async function pick(run) {
  byId("menu").hidePopover();
  try {
    await run();
  } catch (error) {
    toast(error.message);
  }
}

async function create() {
  if (byId("beginning").returnValue !== "create") return;
  const kind = document.querySelector("[name=kind]:checked").value;
  await pick(async () => {
    const chat = await api.createChat(kind, byId("chat-name").value.trim());
    await refresh();
    open(chat.id);
  });
}

function wire() {
  addEventListener("hashchange", enter);
  byId("back").addEventListener("click", () => { location.hash = "chats"; });
  byId("new-chat").addEventListener("click", () => { byId("chat-name").value = ""; byId("beginning").returnValue = ""; byId("beginning").showModal(); });
  byId("beginning").addEventListener("close", create);
  byId("chat-name").addEventListener("keydown", (event) => {
    if (event.key === "Enter") { event.preventDefault(); byId("beginning").close("create"); }
  });
  byId("unblock").addEventListener("click", () => pick(() => api.unblock(state.current)));
  byId("moved-to").addEventListener("click", () => open(currentChat().migrated_to));
  byId("to-end").addEventListener("click", () => toEnd(true));
  byId("scroll").addEventListener("scroll", () => { if (atEnd()) byId("to-end").hidden = true; }, { passive: true });
  byId("menu").addEventListener("toggle", (event) => byId("more").setAttribute("aria-expanded", String(event.newState === "open")));
  document.addEventListener("visibilitychange", () => { if (state.current) { markRead(state.current); changed(); } });
  // A photo that loads late makes the page longer: stay at its end.
  byId("messages").addEventListener("load", () => { if (atEnd()) toEnd(false); }, true);
}

async function start() {
  wire();
  startViewer();
  onChange(render);
  follow(); // its first event, hello, reads the chats
  await startComposer();
}

start();

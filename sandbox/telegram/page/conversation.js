// The open conversation: its messages, the welcome where there are none, and what the bot is doing.

import { byId, day, make } from "./elements.js";
import { messageElement, sendingElement } from "./message.js";
import { currentChat, doing, messagesOf, state } from "./state.js";

const TOGETHER_SECONDS = 300; // messages of one side this close stand close
const DOING = { looking: "is looking at your photo…", writing: "is writing…" };
let shown = new Map(); // key → {signature, element}
let shownChat = null;

function groups(messages) {
  const made = [];
  for (const message of messages) {
    const before = made.at(-1);
    if (message.media_group_id && before?.[0].media_group_id === message.media_group_id && before[0].from_bot === message.from_bot) before.push(message);
    else made.push([message]);
  }
  return made;
}

function service(message) {
  if (message.migrate_to_chat_id) return "The group became a supergroup";
  if (message.migrate_from_chat_id) return "This supergroup was a group";
  return null;
}

// Elements that didn't change stay in the page, so that photos don't flicker and the focus stays.
function reconciled(chat, act) {
  const next = new Map();
  const elements = [];
  let before = null;
  const keep = (key, signature, build) => {
    const old = shown.get(key);
    const element = old?.signature === signature ? old.element : build(!old);
    next.set(key, { signature, element });
    elements.push(element);
  };
  for (const group of groups(messagesOf(chat))) {
    const [head] = group;
    const name = day(head.date);
    if (!before || day(before.date) !== name) keep(`day${name}`, name, () => make("li", { className: "day", textContent: name }));
    const first = !before || before.from_bot !== head.from_bot || head.date - before.date > TOGETHER_SECONDS;
    const told = service(head);
    const signature = JSON.stringify([group, first]);
    keep(head.message_id, signature, (isNew) => told
      ? make("li", { className: "service", textContent: told })
      : messageElement(group, act, { first, arrives: isNew && shownChat === chat && shown.size > 0 }));
    before = head;
  }
  state.sending.filter((item) => item.chat === chat).forEach((item) => keep(item.key, item.key, () => sendingElement(item)));
  shown = next;
  return elements;
}

function place(list, elements) {
  elements.forEach((element, index) => {
    if (list.children[index] !== element) list.insertBefore(element, list.children[index] ?? null);
  });
  while (list.children.length > elements.length) list.lastChild.remove();
}

export const atEnd = () => {
  const scroll = byId("scroll");
  return scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < 120;
};

export function toEnd(smooth) {
  const scroll = byId("scroll");
  scroll.scrollTo({ top: scroll.scrollHeight, behavior: smooth ? "smooth" : "instant" });
}

export function renderConversation(act) {
  const chat = currentChat();
  if (!chat) return;
  const switched = shownChat !== chat.id;
  if (switched) shown = new Map();
  const follow = switched || atEnd();
  const count = byId("messages").childElementCount;
  place(byId("messages"), reconciled(chat.id, act));
  shownChat = chat.id;
  const empty = !messagesOf(chat.id).length && !state.sending.some((item) => item.chat === chat.id);
  byId("welcome").hidden = !empty;
  byId("messages").hidden = empty;
  byId("sample-strip").hidden = empty;
  const busy = doing(chat.id);
  byId("indicator").hidden = !busy;
  byId("indicator-text").textContent = busy ? `${state.bot.first_name} ${DOING[busy]}` : "";
  header(chat, busy);
  if (follow) toEnd(!switched && count > 0);
  byId("to-end").hidden = follow || atEnd();
}

function header(chat, busy) {
  byId("title").textContent = chat.type === "private" ? state.bot.first_name : chat.name;
  const away = document.body.dataset.connected === "no";
  const plain = chat.type === "private" ? `bot · you are ${chat.name}` : `${chat.type} · you and ${state.bot.first_name}`;
  byId("subtitle").textContent = away ? "connecting…" : busy ? DOING[busy].replace("is ", "") : plain;
}

export function jump(messageId) {
  const element = document.querySelector(`[data-message-id="${messageId}"]`);
  if (!element) return;
  element.scrollIntoView({ block: "center", behavior: "smooth" });
  element.classList.remove("flash");
  requestAnimationFrame(() => element.classList.add("flash"));
}

// The list of chats.

import { byId, clock, day, make } from "./elements.js";
import { doing, lastRead, state } from "./state.js";

export const hue = (chat) => Math.abs(chat.id * 47) % 360;

export function summary(message) {
  if (!message) return "No messages yet";
  const text = message.text ?? message.caption;
  const who = message.from_bot ? "" : "You: ";
  if (message.photo) return `${who}📷 ${text ?? "Photo"}`;
  if (message.document) return `${who}📎 ${text ?? message.document.file_name}`;
  return text ? who + text : "The group became a supergroup";
}

function when(message) {
  const name = day(message.date);
  return name === "Today" ? clock(message.date) : name;
}

function row(chat, open) {
  const last = chat.last_message;
  const current = chat.id === state.current;
  const unread = !current && last?.from_bot && last.message_id > lastRead(chat.id);
  const busy = doing(chat.id);
  const face = make("span", { className: "face", textContent: chat.name[0], ariaHidden: "true" });
  face.style.setProperty("--hue", hue(chat));
  return make("li", {},
    make("button", { className: "chat", "data-testid": "chat", "data-chat-id": chat.id, "aria-current": String(current), onclick: () => open(chat.id) },
      face,
      make("span", { className: "who", textContent: chat.name }),
      last ? make("time", { textContent: when(last) }) : make("span"),
      make("span", { className: busy ? "what busy" : "what", textContent: busy ? "is being answered…" : chat.migrated_to ? "became a supergroup" : summary(last) }),
      unread ? make("span", { className: "new", role: "img", ariaLabel: "New message" }) : make("span")));
}

export function renderChats(open) {
  const newest = (chat) => chat.last_message?.date ?? 0;
  const listed = [...state.chats].sort((one, other) => newest(other) - newest(one));
  const focused = document.activeElement?.dataset?.chatId;
  byId("chat-list").replaceChildren(...listed.map((chat) => row(chat, open)));
  if (focused) document.querySelector(`[data-chat-id="${focused}"]`)?.focus();
}

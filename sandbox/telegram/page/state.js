// What the page knows, and how it follows what happens. Listeners are called after each change.

import * as api from "./api.js";
import { toast } from "./elements.js";

const ACTION_MS = 5000; // a chat action fades by itself, as on Telegram
const PATIENCE_MS = 120000; // how long a photo without an answer still counts as being looked at

export const state = { bot: { first_name: "Polybot" }, chats: [], commands: [], current: null, messages: new Map(), actions: new Map(), sending: [], replyTo: null };
const listeners = [];

// One thing after another: a list that was read before a message came must not be put in its place after it.
let line = Promise.resolve();
function inTurn(job) {
  line = line.then(job).catch((error) => toast(error.message));
  return line;
}

export const onChange = (listener) => listeners.push(listener);
export const changed = () => listeners.forEach((listener) => listener());
export const currentChat = () => state.chats.find((chat) => chat.id === state.current) ?? null;
export const messagesOf = (chat) => state.messages.get(chat) ?? [];

export async function openChat(chat) {
  state.current = chat;
  state.replyTo = null;
  localStorage.setItem("current", chat);
  if (!state.messages.has(chat)) await inTurn(() => readMessages(chat));
  markRead(chat);
  changed();
}

export const refresh = () => inTurn(readEverything);

async function readEverything() {
  const answer = await api.readChats();
  Object.assign(state, { chats: answer.chats, bot: answer.bot, commands: answer.commands });
  const gone = [...state.messages.keys()].filter((chat) => !state.chats.some(({ id }) => id === chat));
  gone.forEach((chat) => state.messages.delete(chat));
  if (!state.chats.length) state.chats = [{ ...(await api.createChat("private")), last_message: null }];
  if (!currentChat()) state.current = null;
  await Promise.all([...state.messages.keys()].map(readMessages));
  changed();
}

async function readMessages(chat) {
  const answer = await api.readMessages(chat);
  state.messages.set(chat, answer.messages);
  if (answer.action) act(chat, answer.action);
}

// What the bot is doing in a chat: its chat action; and once it has acted on a photo, until that photo is answered.
export function doing(chat) {
  const action = state.actions.get(chat);
  if (!action) return null;
  const waits = unanswered(chat).some((message) => action.at >= message.date * 1000);
  if (!waits && Date.now() >= action.until) return null;
  return waits || action.name === "upload_photo" ? "looking" : "writing";
}

function unanswered(chat) {
  const listed = messagesOf(chat);
  const answers = (message) => (answer) => answer.from_bot && answer.message_id > message.message_id
    && (answer.reply_to_message?.message_id ?? message.message_id) === message.message_id;
  const recent = (message) => Date.now() - message.date * 1000 < PATIENCE_MS;
  return listed.filter((message) => !message.from_bot && hasPicture(message) && recent(message) && !listed.some(answers(message)));
}

export const hasPicture = (message) => Boolean(message.photo) || Boolean(message.document?.mime_type?.startsWith("image/"));

function act(chat, name) {
  state.actions.set(chat, { name, at: Date.now(), until: Date.now() + ACTION_MS });
  setTimeout(changed, ACTION_MS + 50);
}

export function lastRead(chat) {
  return Number(localStorage.getItem(`read${chat}`) ?? 0);
}

export function markRead(chat) {
  const last = messagesOf(chat).at(-1);
  if (last && !document.hidden) localStorage.setItem(`read${chat}`, last.message_id);
}

function put(chat, message) {
  const listed = messagesOf(chat).filter((other) => other.message_id !== message.message_id);
  state.messages.set(chat, [...listed, message].sort((one, other) => one.message_id - other.message_id));
  const entry = state.chats.find(({ id }) => id === chat);
  if (entry) entry.last_message = messagesOf(chat).at(-1);
}

const EVENTS = {
  hello: readEverything,
  reset: async () => {
    state.messages.clear();
    state.current = null;
    await readEverything();
  },
  chat: readEverything,
  commands: ({ commands }) => { state.commands = commands; },
  message: ({ chat_id: chat, message }) => {
    if (message.from_bot && state.actions.has(chat)) state.actions.get(chat).until = 0;
    if (state.messages.has(chat)) put(chat, message);
    else state.chats.filter(({ id }) => id === chat).forEach((entry) => { entry.last_message = message; });
    if (chat === state.current) markRead(chat);
  },
  edited: ({ chat_id: chat, message }) => state.messages.has(chat) && put(chat, message),
  deleted: ({ chat_id: chat, message_id: id }) => state.messages.has(chat) && state.messages.set(chat, messagesOf(chat).filter((message) => message.message_id !== id)),
  delivered: ({ chat_id: chat, message_id: id }) => {
    const at = messagesOf(chat).findIndex((message) => message.message_id === id);
    if (at >= 0) state.messages.set(chat, messagesOf(chat).with(at, { ...messagesOf(chat)[at], delivered: true }));
    const last = state.chats.find((entry) => entry.id === chat)?.last_message;
    if (last?.message_id === id) last.delivered = true;
  },
  action: ({ chat_id: chat, action }) => act(chat, action),
  callback: (answer) => document.dispatchEvent(new CustomEvent("callback", { detail: answer })),
};

export function follow() {
  const source = new EventSource("/control/events");
  for (const [kind, handle] of Object.entries(EVENTS)) {
    source.addEventListener(kind, (event) => inTurn(async () => {
      await handle(JSON.parse(event.data));
      changed();
    }));
  }
  source.onopen = () => { document.body.dataset.connected = "yes"; changed(); };
  source.onerror = () => { document.body.dataset.connected = "no"; changed(); };
}

// The buttons under a message.

import * as api from "./api.js";
import { byId, make, toast } from "./elements.js";

const PATIENCE_MS = 8000;
const waiting = new Map(); // callback query id → the button that waits for its answer

async function pressed(message, data, button) {
  button.setAttribute("aria-busy", "true");
  setTimeout(() => button.removeAttribute("aria-busy"), PATIENCE_MS);
  try {
    const { callback_query_id: id } = await api.press(message.chat.id, message.message_id, data);
    waiting.set(id, button);
  } catch (error) {
    button.removeAttribute("aria-busy");
    toast(error.message);
  }
}

function oneButton(message, button) {
  if (button.url) return make("a", { href: /^https?:\/\//.test(button.url) ? button.url : "#", target: "_blank", rel: "noopener noreferrer", textContent: button.text });
  const element = make("button", { type: "button", textContent: button.text, "data-testid": "button" });
  element.addEventListener("click", () => (button.callback_data ? pressed(message, button.callback_data, element) : toast("This button does nothing here")));
  return element;
}

export function keyboard(message) {
  const rows = message.reply_markup?.inline_keyboard;
  if (!rows) return null;
  return make("div", { className: "keyboard" }, ...rows.map((row) => make("div", {}, ...row.map((button) => oneButton(message, button)))));
}

document.addEventListener("callback", ({ detail }) => {
  waiting.get(detail.callback_query_id)?.removeAttribute("aria-busy");
  waiting.delete(detail.callback_query_id);
  if (detail.text && detail.show_alert) {
    byId("alert-text").textContent = detail.text;
    byId("alert").showModal();
  } else if (detail.text) toast(detail.text);
});

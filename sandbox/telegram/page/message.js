// One message, or one album, as a bubble.

import { summary } from "./chatlist.js";
import { clock, icon, make, size } from "./elements.js";
import { keyboard } from "./keyboard.js";
import { words } from "./words.js";

const WIDEST = 380;
const HIGHEST = 440;

function photoButton(message, act, fitted) {
  const file = message.files[0];
  const label = message.caption ? `Photo: ${message.caption}` : message.from_bot ? "Photo from Polybot" : "Your photo";
  const image = make("img", { src: file.url, alt: label, width: file.width, height: file.height, decoding: "async" });
  const button = make("button", { className: "photo", type: "button", "data-testid": "photo", ariaLabel: `${label}. Open large`, onclick: () => act.view(message) }, image);
  if (fitted) {
    const scale = Math.min(1, WIDEST / file.width, HIGHEST / file.height);
    button.style.width = `${Math.max(160, Math.round(file.width * scale))}px`;
    button.style.maxWidth = "100%";
    button.style.aspectRatio = `${file.width} / ${Math.max(file.height, file.width / 3)}`;
  }
  return button;
}

function fileLink(message) {
  const file = message.files[0];
  const tile = make("span", { className: "tile" }, file.preview ? make("img", { src: file.preview, alt: "" }) : icon("file"));
  return make("a", { className: "file", href: file.url, download: file.file_name, "data-testid": "file" },
    tile, make("strong", { textContent: file.file_name }), make("small", { textContent: size(file.size) }));
}

function quote(message, act) {
  const target = message.reply_to_message;
  if (!target) return null;
  const name = target.from.is_bot ? target.from.first_name : "You";
  const small = target.photo?.[0];
  return make("button", { className: "quote", type: "button", "data-testid": "quote", ariaLabel: `Answers: ${summary(target)}`, onclick: () => act.jump(target.message_id) },
    small ? make("img", { src: `/control/files/${small.file_id}`, alt: "" }) : null,
    make("span", {}, make("b", { textContent: name }), summary({ ...target, from_bot: true }).replace(/^📷 Photo$/, "Photo")));
}

function meta(message) {
  const time = make("time", { dateTime: new Date(message.date * 1000).toISOString(), textContent: (message.edit_date ? "edited " : "") + clock(message.date) });
  const tick = message.delivered ? icon("two") : icon("one");
  if (message.from_bot) return make("span", { className: "meta" }, time);
  const state = make("span", { className: message.delivered ? "taken" : "", role: "img", ariaLabel: message.delivered ? "Taken by the bot" : "Sent", "data-testid": "tick" }, tick);
  return make("span", { className: "meta" }, time, state);
}

export function messageElement(group, act, { first, arrives }) {
  const [head] = group;
  const side = head.from_bot ? "bot" : "person";
  const photos = group.filter((message) => message.photo);
  const text = head.text ?? head.caption;
  const bubble = make("div", { className: photos.length ? `bubble has-photo${text ? "" : " bare"}` : "bubble" }, quote(head, act));
  if (photos.length > 1) bubble.append(make("div", { className: "album" }, ...photos.map((message) => photoButton(message, act, false))));
  else if (photos.length) {
    const photo = photoButton(head, act, true);
    bubble.style.width = photo.style.width; // a caption wraps under its photo instead of widening the bubble
    bubble.append(photo);
  }
  bubble.append(...group.filter((message) => message.document).map(fileLink));
  if (text) {
    const said = words(text, head.entities ?? head.caption_entities, act.command);
    said.append(meta(head));
    bubble.append(said);
  } else bubble.append(meta(head));
  const answer = make("button", { className: "round small answer", type: "button", ariaLabel: "Reply to this message", title: "Reply", onclick: () => act.reply(head) }, icon("reply"));
  const classes = ["message", side, first ? "first" : "", arrives ? "arrives" : ""].join(" ");
  return make("li", { className: classes, "data-testid": "message", "data-message-id": head.message_id, "data-from": side }, bubble, keyboard(head, act), answer);
}

export function sendingElement(item) {
  const image = item.url ? make("div", { className: "photo" }, make("img", { src: item.url, alt: "" })) : null;
  if (image) image.style.width = "260px";
  const bubble = make("div", { className: image ? "bubble has-photo" : "bubble" }, image, item.text ? make("div", { className: "words", textContent: item.text }) : null,
    make("span", { className: "meta", ariaLabel: "Sending" }, icon("clock")));
  return make("li", { className: "message person first sending" }, bubble);
}

// Text with its entities, as elements. Offsets are in UTF-16 units, as JavaScript's are.

import { make } from "./elements.js";

const TAGS = { bold: "strong", italic: "em", underline: "u", strikethrough: "s", code: "code", pre: "pre", blockquote: "blockquote" };

function wrapped(entity, content, onCommand) {
  const plain = content.textContent;
  if (entity.type === "bot_command") return make("button", { type: "button", className: "command", onclick: () => onCommand(plain) }, content);
  if (entity.type === "spoiler") return make("span", { className: "spoiler", tabIndex: 0 }, content);
  if (entity.type === "text_link" || entity.type === "url") {
    const url = entity.url ?? plain;
    return /^https?:\/\//.test(url) ? make("a", { href: url, target: "_blank", rel: "noopener noreferrer" }, content) : content;
  }
  return entity.type in TAGS ? make(TAGS[entity.type], {}, content) : content;
}

// Entities nest, and come sorted with the outer one first.
function between(text, entities, start, end, onCommand) {
  const piece = document.createDocumentFragment();
  let position = start;
  for (let index = 0; index < entities.length; index += 1) {
    const entity = entities[index];
    const stop = entity.offset + entity.length;
    if (entity.offset < position || stop > end) continue;
    piece.append(text.slice(position, entity.offset));
    const inner = entities.slice(index + 1).filter((other) => other.offset >= entity.offset && other.offset + other.length <= stop);
    piece.append(wrapped(entity, between(text, inner, entity.offset, stop, onCommand), onCommand));
    position = stop;
  }
  piece.append(text.slice(position, end));
  return piece;
}

export function words(text, entities, onCommand) {
  return make("div", { className: "words", dir: "auto" }, between(text, entities ?? [], 0, text.length, onCommand));
}

// A photo, large. Esc, the cross or a click beside it close it; the arrows go to the photos before and after.

import { byId } from "./elements.js";
import { messagesOf, state } from "./state.js";

let current = null;

export function view(message) {
  current = message;
  const file = message.files[0];
  byId("viewer-photo").src = file.url;
  byId("viewer-photo").alt = message.caption ?? "Photo";
  byId("viewer-caption").textContent = message.caption ?? "";
  byId("viewer-save").href = file.url;
  byId("viewer-save").download = `polybot-${message.message_id}.jpg`;
  if (!byId("viewer").open) byId("viewer").showModal();
}

function step(by) {
  const photos = messagesOf(state.current).filter((message) => message.photo);
  const next = photos[photos.findIndex((message) => message.message_id === current.message_id) + by];
  if (next) view(next);
}

export function startViewer() {
  byId("viewer-close").addEventListener("click", () => byId("viewer").close());
  byId("viewer").addEventListener("click", (event) => { if (event.target === byId("viewer")) byId("viewer").close(); });
  byId("viewer").addEventListener("keydown", (event) => {
    if (event.key === "ArrowLeft") step(-1);
    if (event.key === "ArrowRight") step(1);
  });
}

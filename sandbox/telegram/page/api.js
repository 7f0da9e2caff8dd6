// The control side of the stand-in, as functions. Each rejects with an Error whose message can be shown to a person.

async function ask(method, path, body) {
  const options = { method };
  if (body instanceof FormData) options.body = body;
  else if (body) Object.assign(options, { body: JSON.stringify(body), headers: { "Content-Type": "application/json" } });
  let response;
  try {
    response = await fetch(`/control${path}`, options);
  } catch {
    throw new Error("The stand-in doesn't answer. Is it still running?");
  }
  const answer = response.status === 204 ? null : await response.json();
  if (!response.ok) throw new Error(answer.error.replace(/^Bad Request: /, ""));
  return answer;
}

export const readChats = () => ask("GET", "/chats");
export const readMessages = (chat) => ask("GET", `/chats/${chat}/messages`);
export const createChat = (type, name) => ask("POST", "/chats", name ? { type, name } : { type });
export const sendText = (chat, text, replyTo) => ask("POST", `/chats/${chat}/text`, { text, reply_to_message_id: replyTo });
export const press = (chat, messageId, data) => ask("POST", `/chats/${chat}/press`, { message_id: messageId, data });
export const block = (chat) => ask("POST", `/chats/${chat}/block`);
export const unblock = (chat) => ask("POST", `/chats/${chat}/unblock`);
export const migrate = (chat) => ask("POST", `/chats/${chat}/migrate`);
export const readSamples = async () => (await (await fetch("/samples/")).json()).samples;

export function sendFile(chat, file, { asFile, caption = "", replyTo = null }) {
  const form = new FormData();
  form.set(asFile ? "document" : "file", file, file.name || "photo.png");
  if (caption) form.set("caption", caption);
  if (replyTo) form.set("reply_to_message_id", replyTo);
  return ask("POST", `/chats/${chat}/${asFile ? "document" : "upload"}`, form);
}

export function sendAlbum(chat, files, { asFile, caption = "" }) {
  const form = new FormData();
  for (const file of files) form.append(asFile ? "document" : "photo", file, file.name || "photo.png");
  if (caption) form.set("caption", caption);
  return ask("POST", `/chats/${chat}/album`, form);
}

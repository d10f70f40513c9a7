// What the pages have in common that show the room alone, by STOMP and by Socket.IO.

import { byId, clockTime, element, setText } from "./dom.js";

const LOG_LIMIT = 300;
const DID = { join: "joined", leave: "left" };

export const RETRY_MS = 2000;

// What the room says.
export function showMessage({ type, from, text, event, name, time }) {
    const words = type === "chat" ? element("span", "", element("b", "", from), ` ${text}`)
                                  : element("span", "muted", `${name} ${DID[event]}`);
    words.dir = "auto";
    append(words, element("time", "muted", clockTime(time)));
}

// What the page itself says.
export function showNote(text, kind) {
    append(element("span", kind, text));
}

export function showState(state, text) {
    byId("state").dataset.state = state;
    setText(byId("state-text"), text);
}

export function showRoom(isInside) {
    byId("join").hidden = isInside;
    byId("room").hidden = !isInside;
}

function append(...children) {
    const log = byId("log");
    log.append(element("p", "line", ...children));
    while (log.childElementCount > LOG_LIMIT) log.firstElementChild.remove();
    log.scrollTop = log.scrollHeight;
}

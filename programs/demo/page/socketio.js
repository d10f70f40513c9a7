// The room by Socket.IO: what programs/demo/socketio.hpp serves, with socket.io-client. It begins
// with HTTP long-polling and goes on with a WebSocket. A lost connection comes back by itself, with
// what was said meanwhile, or the page says that this is lost.

import { byId, duration, setText } from "./dom.js";
import { RETRY_MS, showMessage, showNote, showRoom, showState } from "./room.js";

const hasClient = globalThis.io !== undefined;
byId("missing").hidden = hasClient;
byId("join").hidden = !hasClient;

let socket = null;
let lostAt = 0;  // Milliseconds since 1970; 0: it is not lost.

byId("join").addEventListener("submit", (event) => {
    event.preventDefault();
    setText(byId("error"), "");
    socket?.off().disconnect();
    socket = globalThis.io({
        path: new URL("socket.io/", location.href).pathname,
        auth: { name: byId("name").value.trim() },
        reconnectionDelayMax: RETRY_MS,
    });
    socket.on("connect", entered);
    socket.on("room", showMessage);
    socket.on("connect_error", refused);
    socket.on("disconnect", lost);
    socket.io.on("reconnect_attempt", () => showState("waiting", "reconnecting"));
});

byId("compose").addEventListener("submit", async (event) => {
    event.preventDefault();
    const text = byId("text").value.trim();
    if (!text || !socket.connected) return;
    byId("text").value = "";
    try {
        const why = await socket.timeout(5000).emitWithAck("chat", text);
        if (why) showNote(why, "wrong");
    } catch {
        showNote(`Nobody says whether this was heard: ${text}`, "wrong");
    }
});

// For those who want to see it come back.
byId("cut").addEventListener("click", () => socket.io.engine.close());

function entered() {
    const showTransport = () => showState("open", `connected by ${socket.io.engine.transport.name}`);
    showTransport();
    socket.io.engine.on("upgrade", showTransport);
    if (lostAt) {
        const time = duration((Date.now() - lostAt) / 1000);
        showNote(`Back after ${time}: what was said meanwhile ` +
                     (socket.recovered ? "follows." : "is not here."), "muted");
    }
    lostAt = 0;
    showRoom(true);
    byId("cut").hidden = false;
    byId("text").focus();
}

// By the room, or by the way there, which is tried again.
function refused({ message }) {
    if (socket.active) return showState("waiting", "reconnecting");
    showState("stopped", "not connected");
    showRoom(false);
    byId("cut").hidden = true;
    setText(byId("error"), message);
}

function lost() {
    lostAt ||= Date.now();
    showState("waiting", "reconnecting");
    // One that the server has ended does not come back by itself.
    if (!socket.active) setTimeout(() => socket.connect(), RETRY_MS);
}

// The page of build/programs/socketio_server: what the server says of itself (state.json), once a
// second. Rates are what counters grew by between two answers, by the server's clock.

import { byId, element, number, setText } from "./dom.js";

const EVERY_MS = 1000;
const TIMEOUT_MS = 5000;

let last = null;  // The answer before.

for (;;) {
    // Nobody looks: what happens meanwhile is in the next rates.
    if (!document.hidden) await ask();
    await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
}

async function ask() {
    try {
        const signal = AbortSignal.timeout(TIMEOUT_MS);
        const response = await fetch("state.json", { cache: "no-store", signal });
        if (!response.ok) throw new Error(response.statusText);
        show(await response.json());
        showReach(true);
    } catch {
        showReach(false);
    }
}

function show(state) {
    if (last && state.time < last.time) last = null;  // The server is another one.
    const { namespaces } = state;
    const sum = (of) => number(namespaces.reduce((total, space) => total + of(space), 0));
    setText(byId("sessions"), number(state.sessions));
    setText(byId("sockets"), sum(({ sockets }) => sockets));
    setText(byId("absent"), number(state.absent));
    setText(byId("room-count"), sum((space) => space.room_count));
    const before = new Map(last?.namespaces.map((space) => [space.name, space]));
    fill(byId("namespaces"), namespaces.map((space) => {
        const rate = (counter) => rateOf(state, space, before.get(space.name), counter);
        return [space.name, ["In /s", rate("received")], ["Out /s", rate("sent")],
                ["Sockets", number(space.sockets)], ["Rooms", number(space.room_count)]];
    }));
    fill(byId("rooms"), namespaces.flatMap((space) => space.rooms.map((room) =>
        [room.name, ["Namespace", space.name], ["Sockets", number(room.sockets)]])));
    byId("empty").hidden = namespaces.length > 0;
    last = state;
}

function rateOf(state, space, before, counter) {
    if (!last) return "–";
    // They begin anew where a namespace had no sockets.
    const start = before && before[counter] <= space[counter] ? before[counter] : 0;
    const seconds = (state.time - last.time) / 1000;
    const rate = seconds > 0 ? (space[counter] - start) / seconds : 0;
    return rate < 10 ? String(Math.round(rate * 10) / 10) : number(Math.round(rate));
}

// Each row: its name, and then a label and a text for each cell.
function fill(body, rows) {
    while (body.children.length > rows.length) body.lastElementChild.remove();
    rows.forEach(([name, ...cells], i) => {
        const row = body.children[i] ?? body.appendChild(makeRow(cells.length));
        setText(row.children[0], name);
        cells.forEach(([label, text], column) => {
            const cell = row.children[column + 1];
            cell.dataset.label = label;
            setText(cell, text);
        });
    });
}

function makeRow(cellCount) {
    const head = element("th");
    head.scope = "row";
    head.setAttribute("role", "rowheader");
    const cells = Array.from({ length: cellCount }, () => {
        const cell = element("td");
        cell.setAttribute("role", "cell");
        return cell;
    });
    const row = element("tr", "", head, ...cells);
    row.setAttribute("role", "row");
    return row;
}

function showReach(isLive) {
    byId("state").dataset.state = isLive ? "open" : "waiting";
    setText(byId("state-text"), isLive ? "live" : "no answer");
}

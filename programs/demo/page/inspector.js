// The inspector: what this connection does, and what the server says of itself.
//
// A page cannot send a WebSocket ping frame, so latency is measured with messages: {type: "ping",
// id} comes back as {type: "pong", id} with the bytes that the server holds back for us.

import { byId, duration, element, exactTime, milliseconds, number, setText, shape, size }
    from "./dom.js";

const PING_EVERY_MS = 1000;
const PINGS_KEPT = 40;
const BURST = 1000;
const EVENTS_KEPT = 50;
const STATES = ["connecting", "open", "closing", "closed"];

export class Inspector {
    #connection;
    #sent = new Map();      // When each ping that is under way left, by id.
    #nextId = 1;
    #latencies = [];
    #burst = null;          // {first, last, start, left} while one is under way.
    #serverBacklog = 0;

    constructor(connection, url) {
        this.#connection = connection;
        setText(byId("url"), url);
        connection.addEventListener("state", () => this.#stateChanged());
        connection.addEventListener("note", (event) => addEvent(event.detail));
        byId("drop").addEventListener("click", () => connection.drop());
        byId("burst").addEventListener("click", () => this.#startBurst());
        setInterval(() => this.#ping(), PING_EVERY_MS);
        setInterval(() => this.#show(), 250);
    }

    receive(message) {
        if (message.type === "welcome") this.#ping();
        if (message.type === "pong") this.#pong(message);
        if (message.type === "stats") showServer(message);
    }

    #stateChanged() {
        const open = this.#connection.state === "open";
        byId("burst").disabled = byId("drop").disabled = !open;
        this.#sent.clear();
        this.#burst = null;
        if (open) this.#latencies = [];
        this.#show();
        this.#showLatency();
    }

    #ping() {
        const id = this.#nextId++;
        if (this.#connection.send({ type: "ping", id })) this.#sent.set(id, performance.now());
        return id;
    }

    #pong({ id, backlog }) {
        const now = performance.now();
        const start = this.#sent.get(id);
        if (start === undefined) return;
        this.#sent.delete(id);
        this.#serverBacklog = backlog;
        if (this.#burst && id >= this.#burst.first && id <= this.#burst.last) {
            return this.#burstPong(now);
        }
        this.#latencies.push(now - start);
        if (this.#latencies.length > PINGS_KEPT) this.#latencies.shift();
        this.#showLatency();
    }

    #startBurst() {
        if (this.#burst) return;
        const start = performance.now();
        const first = this.#nextId;
        this.#burst = { first, last: first + BURST - 1, start, left: BURST };
        for (let i = 0; i < BURST; i++) this.#ping();
        setText(byId("burst-result"), "…");
        this.#show();  // While the backlog is still there to be seen.
    }

    #burstPong(now) {
        this.#burst.left -= 1;
        if (this.#burst.left > 0) return;
        const took = now - this.#burst.start;
        this.#burst = null;
        const rate = number(Math.round(BURST / took * 1000));
        setText(byId("burst-result"), `back in ${took.toFixed(0)} ms: ${rate} round trips/s`);
    }

    #show() {
        const connection = this.#connection;
        const open = connection.state === "open";
        const { messagesIn, messagesOut, bytesIn, bytesOut } = connection.counters;
        const uptime = (performance.now() - connection.openedAt) / 1000;
        setText(byId("ready"), `${connection.readyState} ${STATES[connection.readyState]}`);
        setText(byId("protocol"), open ? connection.protocol || "none" : "–");
        setText(byId("uptime"), open ? duration(uptime) : "–");
        setText(byId("in"), `${number(messagesIn)} · ${size(bytesIn)}`);
        setText(byId("out"), `${number(messagesOut)} · ${size(bytesOut)}`);
        setText(byId("backlog"), size(connection.backlog));
        setText(byId("s-backlog"), open ? size(this.#serverBacklog) : "–");
    }

    #showLatency() {
        const latencies = this.#latencies;
        const sorted = [...latencies].sort((a, b) => a - b);
        const text = (ms) => ms === undefined ? "–" : milliseconds(ms);
        const worst = sorted.at(-1);
        setText(byId("rtt"), text(latencies.at(-1)));
        setText(byId("rtt-median"), text(sorted[Math.floor(sorted.length / 2)]));
        setText(byId("rtt-worst"), text(worst));
        const width = 160 / PINGS_KEPT;
        byId("rtt-bars").replaceChildren(...latencies.map((ms, i) => {
            const height = Math.max(2, Math.sqrt(ms / worst) * 40);  // One outlier hides none.
            const x = 160 - (latencies.length - i) * width;
            return shape("rect", { x, y: 40 - height, width: width - 1, height });
        }));
    }
}

function showServer(stats) {
    setText(byId("s-connections"), number(stats.connections));
    setText(byId("s-room"), number(stats.room));
    setText(byId("s-in"), `${number(stats.in)} /s`);
    setText(byId("s-out"), `${number(stats.out)} /s`);
    setText(byId("s-loops"), stats.loops === 1 ? "one loop" : `${stats.loops} loops`);
    setText(byId("s-uptime"), duration(stats.uptime));
}

function addEvent(text) {
    const list = byId("events");
    list.prepend(element("li", "", element("time", "muted", exactTime(Date.now())), ` ${text}`));
    while (list.childElementCount > EVENTS_KEPT) list.lastElementChild.remove();
}

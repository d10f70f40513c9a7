// One WebSocket that comes back by itself.
//
// Emits: "state" (connecting, open, waiting, stopped), "message" (a parsed object), "closed" (code
// and reason), "note" (a line for the event list). After a loss it waits 0.5 s, then twice as long
// each time, 15 s at most; a random half of each wait keeps a thousand pages from coming back in
// the same instant.

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 15_000;
const OPEN_TIMEOUT_MS = 10_000;
const SILENCE_MS = 8_000;  // The ticker never rests, so a silent line is a dead one.

const encoder = new TextEncoder();
const bytes = (text) => encoder.encode(text).length;

export class Connection extends EventTarget {
    state = "connecting";
    attempt = 0;        // Failed attempts since the last good one.
    retryAt = 0;        // When the next attempt starts (performance.now()); state "waiting" only.
    openedAt = 0;
    counters = { messagesIn: 0, messagesOut: 0, bytesIn: 0, bytesOut: 0 };
    #url;
    #protocol;
    #socket = null;
    #timer = 0;         // Of the next attempt, or of the opening.
    #heardAt = 0;

    constructor(url, protocol) {
        super();
        this.#url = url;
        this.#protocol = protocol;
        setInterval(() => this.#checkSilence(), 1000);
        addEventListener("online", () => this.retryNow());
    }

    get protocol() { return this.#socket?.protocol ?? ""; }
    get backlog() { return this.#socket?.bufferedAmount ?? 0; }
    get readyState() { return this.#socket?.readyState ?? WebSocket.CLOSED; }

    open() {
        clearTimeout(this.#timer);
        this.#enter("connecting");
        const socket = new WebSocket(this.#url, this.#protocol);
        this.#socket = socket;
        this.#timer = setTimeout(() => this.#abandon("no answer"), OPEN_TIMEOUT_MS);
        // A socket that was given up may still fire: only the present one is heard.
        const heard = (handler) => (event) => { if (socket === this.#socket) handler(event); };
        socket.onopen = heard(() => this.#opened());
        socket.onmessage = heard((event) => this.#received(event.data));
        socket.onclose = heard((event) => this.#lost(event.code, event.reason));
    }

    // Returns whether it went out: nothing is kept for later.
    send(message) {
        // A socket may be closing before it says so, and then drops what it is given.
        if (this.state !== "open" || this.readyState !== WebSocket.OPEN) return false;
        const text = JSON.stringify(message);
        this.#socket.send(text);
        this.counters.messagesOut += 1;
        this.counters.bytesOut += bytes(text);
        return true;
    }

    // Gives this socket up, and comes back as after any other loss.
    drop() { if (this.state === "open") this.#abandon("dropped by you"); }

    retryNow() { if (this.state === "waiting" || this.state === "stopped") this.open(); }

    // Closes, and stays closed until retryNow().
    stop() {
        this.#forget();
        this.#enter("stopped");
    }

    #opened() {
        clearTimeout(this.#timer);
        this.openedAt = this.#heardAt = performance.now();
        this.counters = { messagesIn: 0, messagesOut: 0, bytesIn: 0, bytesOut: 0 };
        this.#note(`open, protocol ${this.protocol || "none"}`);
        this.#enter("open");
    }

    #received(text) {
        this.#heardAt = performance.now();
        this.counters.messagesIn += 1;
        this.counters.bytesIn += bytes(text);
        const message = JSON.parse(text);
        if (message.type === "welcome") this.attempt = 0;
        this.#emit("message", message);
    }

    #lost(code, reason) {
        clearTimeout(this.#timer);
        const wasOpen = this.state === "open";
        this.#socket = null;
        this.#note(wasOpen ? `closed ${code} ${reason}` : `attempt ${this.attempt + 1} failed`);
        const ceiling = Math.min(FIRST_WAIT_MS * 2 ** this.attempt, LONGEST_WAIT_MS);
        const wait = ceiling / 2 + Math.random() * ceiling / 2;
        this.attempt += 1;
        this.retryAt = performance.now() + wait;
        this.#timer = setTimeout(() => this.open(), wait);
        this.#note(`waiting ${(wait / 1000).toFixed(1)} s`);
        this.#enter("waiting");
        this.#emit("closed", { code, reason, wasOpen });  // Last: a listener may stop().
    }

    #abandon(why) {
        this.#forget();
        this.#lost(1006, why);
    }

    #forget() {
        clearTimeout(this.#timer);
        const socket = this.#socket;
        this.#socket = null;
        socket?.close();
    }

    #checkSilence() {
        if (this.state !== "open") return;
        if (performance.now() - this.#heardAt > SILENCE_MS) this.#abandon("silent too long");
    }

    #enter(state) {
        this.state = state;
        this.#emit("state", state);
    }

    #note(text) { this.#emit("note", text.trim()); }

    #emit(type, detail) { this.dispatchEvent(new CustomEvent(type, { detail })); }
}

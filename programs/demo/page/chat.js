// The room: joining under a name, who is here, the messages.

import { byId, clockTime, element, exactTime, setText } from "./dom.js";

const LOG_LIMIT = 300;      // Lines kept on the page.
const COLOURS = 8;          // Avatar colours in style.css.
const REPLACED = 4000;      // Close code: this name came in again elsewhere.
const COUNT_FROM = 100;     // Characters left when the counter shows.

export class Chat {
    #connection;
    #name = "";             // As the server confirmed it; kept over a loss, to come back under it.
    #joined = false;        // On this very connection.
    #key;                   // Proves to the server that the name is ours to take back.
    #boot = "";
    #shown = new Set();     // Ids of messages: what is replayed twice is shown once.
    #lastFrom = null;       // Messages in a row of one sender share one heading.
    #here = new Set();

    constructor(connection) {
        this.#connection = connection;
        this.#name = sessionStorage.getItem("name") ?? "";
        this.#key = sessionStorage.getItem("key") ?? randomKey();
        sessionStorage.setItem("key", this.#key);
        byId("name").value = this.#name;
        byId("join").addEventListener("submit", (event) => this.#submitName(event));
        byId("compose").addEventListener("submit", (event) => this.#submitText(event));
        byId("text").addEventListener("input", () => this.#showLeft());
        byId("leave").addEventListener("click", () => this.#leave());
        byId("newer").addEventListener("click", () => this.#toEnd());
        byId("log").addEventListener("scroll", () => { if (this.#atEnd()) this.#hideNewer(); });
        connection.addEventListener("state", () => this.#showState());
        connection.addEventListener("closed", (event) => this.#closed(event.detail));
    }

    // Between asking and being in, the room is heard already; "joined" brings all of that again.
    receive(message) {
        switch (message.type) {
        case "welcome": return this.#welcome(message);
        case "joined": return this.#enter(message);
        case "presence": return this.#joined && this.#presence(message);
        case "chat": return this.#joined && this.#chat(message);
        case "stats": return this.#joined || showCount(message.room);
        case "gap": return this.#gap(message);
        case "error": return this.#error(message);
        }
    }

    #welcome({ boot, room, cluster }) {
        if (this.#boot && this.#boot !== boot) {
            this.#note(cluster ? "Another node took over. Messages in between may be missing."
                               : "The server was restarted.");
        }
        this.#boot = boot;
        showCount(room);
        if (this.#name) this.#join(this.#name);
    }

    #submitName(event) {
        event.preventDefault();
        const name = byId("name").value.trim();
        if (!name) return this.#refuse("A name has at least one visible character.");
        this.#refuse("");
        this.#join(name);
    }

    #join(name) { this.#connection.send({ type: "join", name, key: this.#key }); }

    #enter({ name, here }) {
        const back = this.#name === name && !byId("room").hidden;
        this.#name = name;
        this.#joined = true;
        sessionStorage.setItem("name", name);
        this.#here = new Set(here);
        this.#showRoom(true);
        this.#showPeople();
        this.#note(back ? `You are back as ${name}.` : `You are in as ${name}.`);
        if (!back) byId("text").focus({ preventScroll: true });
    }

    #leave() {
        this.#connection.send({ type: "leave" });
        this.#outside();
        byId("name").focus();
    }

    #outside() {
        this.#name = "";
        this.#joined = false;
        sessionStorage.removeItem("name");
        this.#showRoom(false);
    }

    #presence({ event, name, time }) {
        if (event === "join") this.#here.add(name);
        else this.#here.delete(name);
        this.#showPeople();
        if (name !== this.#name) {
            this.#note(event === "join" ? `${name} joined` : `${name} left`, time);
        }
    }

    #chat({ id, from, text, time }) {
        if (this.#shown.has(id)) return;
        this.#shown.add(id);
        if (this.#shown.size > LOG_LIMIT) this.#shown.delete(this.#shown.values().next().value);
        const own = from === this.#name;
        const line = element("div", own ? "message own" : "message");
        if (from !== this.#lastFrom) {
            line.classList.add("first");
            const author = element("span", "author", own ? "You" : from);
            author.dir = "auto";
            line.append(avatar(from), author);
        } else {
            line.append(element("span", "unseen", `${own ? "You" : from}: `));
        }
        const bubble = element("p", "bubble", text);
        bubble.dir = "auto";
        line.append(bubble, timeOf(time));
        this.#append(line, own);
        this.#lastFrom = from;
    }

    #gap({ missing }) {
        if (!this.#joined) return;
        this.#note(missing > 0 ? `Messages of another node are missing: ${missing}.`
                               : "Messages of other nodes may be missing.");
    }

    #error({ text }) {
        if (this.#joined) return this.#note(text);
        if (this.#name) this.#outside();
        this.#refuse(text);
        byId("name").focus();
    }

    #refuse(text) {
        byId("name-error").textContent = text;
        byId("name").setAttribute("aria-invalid", String(text !== ""));
    }

    #submitText(event) {
        event.preventDefault();
        const input = byId("text");
        const text = input.value.trim();
        if (!text || !this.#joined) return;
        if (!this.#connection.send({ type: "chat", text })) return;
        input.value = "";
        this.#showLeft();
    }

    #showLeft() {
        const input = byId("text");
        const left = input.maxLength - input.value.length;
        setText(byId("left"), left <= COUNT_FROM ? `${left} left` : "");
    }

    #closed({ code, wasOpen }) {
        const wasIn = this.#joined;
        this.#joined = false;
        if (code === REPLACED) {
            this.#outside();
            this.#connection.stop();
            this.#refuse("Your name came in from another tab. Join again to take it here.");
        } else if (wasOpen && wasIn) {
            this.#note("The connection was lost. What you type stays here.");
        }
    }

    #showState() {
        const open = this.#connection.state === "open";
        byId("join-button").disabled = !open;
        byId("send").disabled = !open;
        byId("leave").disabled = !open;
        byId("chat").classList.toggle("offline", !open);
    }

    #showRoom(inside) {
        byId("join").hidden = inside;
        byId("room").hidden = !inside;
        byId("people").hidden = !inside;
        byId("leave").hidden = !inside;
        this.#lastFrom = null;
        this.#refuse("");
    }

    #showPeople() {
        const names = [...this.#here].sort((a, b) => a.localeCompare(b));
        showCount(names.length);
        byId("people").replaceChildren(...names.map((name) => {
            const label = element("span", "", name === this.#name ? `${name} (you)` : name);
            label.dir = "auto";
            return element("li", "", avatar(name), label);
        }));
    }

    #note(text, time = Date.now()) {
        this.#lastFrom = null;
        const words = element("span", "", text);
        words.dir = "auto";
        this.#append(element("p", "note", words, timeOf(time)), false);
    }

    #append(line, forceScroll) {
        const log = byId("log");
        const follow = forceScroll || this.#atEnd();
        log.append(line);
        while (log.childElementCount > LOG_LIMIT) log.firstElementChild.remove();
        if (follow) this.#toEnd();
        else byId("newer").hidden = false;
    }

    #atEnd() {
        const log = byId("log");
        return log.scrollHeight - log.scrollTop - log.clientHeight < 40;
    }

    #toEnd() {
        const log = byId("log");
        log.scrollTop = log.scrollHeight;
        this.#hideNewer();
    }

    #hideNewer() { byId("newer").hidden = true; }
}

function showCount(n) {
    setText(byId("here-count"),
            n === 0 ? "nobody here yet" : n === 1 ? "1 person here" : `${n} people here`);
}

function avatar(name) {
    const [initial] = name;  // By code point, so that an emoji stays whole.
    const badge = element("span", "avatar", initial.toUpperCase());
    let hash = 0;
    for (const character of name) hash = (hash * 31 + character.codePointAt(0)) >>> 0;
    badge.dataset.colour = hash % COLOURS;
    badge.setAttribute("aria-hidden", "true");
    return badge;
}

function timeOf(ms) {
    const time = element("time", "muted", clockTime(ms));
    time.dateTime = new Date(ms).toISOString();
    time.title = exactTime(ms);
    return time;
}

function randomKey() {
    const words = crypto.getRandomValues(new Uint32Array(4));
    return Array.from(words, (word) => word.toString(36)).join("");
}

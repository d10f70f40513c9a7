// What came: messages with their headers, bodies and buttons, and notes between them.
//
// Drawn once a frame at most, for thousands may come in a second: of those only the last are made.
// A message that waits for ACK or NACK is never taken away.

import { byId, clockTime, element, exactTime, number, setText } from "./dom.js";

const LOG_MAX = 200;        // Entries on the page.
const BODY_MAX = 4000;      // Characters of a body.
const HEX_MAX = 256;        // Bytes of one that is no text.

export class Messages {
    // Has a message acknowledged: (entry, "ack" or "nack").
    onSettle = () => {};
    #coming = [];           // Not drawn yet: entries and notes.
    #open = new Set();      // Entries that wait for ACK or NACK, in the order of arrival.
    #lastNumber = 0;
    #count = 0;             // Since the last Clear.

    constructor() {
        byId("clear").addEventListener("click", () => this.#clear());
    }

    // `subscription`: of the Console.
    add(message, subscription) {
        this.#count += 1;
        const entry = { message, subscription, number: this.#lastNumber += 1, time: Date.now(),
                        node: null, buttons: null, outcome: "" };
        if (subscription.ack !== "auto") this.#open.add(entry);
        this.#append(entry);
    }

    note(text, isError = false) { this.#append({ text, isError, time: Date.now() }); }

    // What an ACK or NACK of `entry` is about: in mode client all before it, too.
    covered(entry) {
        if (entry.subscription.ack !== "client") return [entry];
        const same = [...this.#open].filter((one) => one.subscription === entry.subscription);
        return same.slice(0, same.indexOf(entry) + 1);
    }

    // `outcome` is shown in place of the buttons.
    settled(entries, outcome) {
        for (const entry of entries) {
            this.#open.delete(entry);
            entry.outcome = outcome;
            showOutcome(entry);
        }
    }

    // After an ABORT they wait again, in their old order.
    reopen(entries) {
        const all = [...entries, ...this.#open].sort((a, b) => a.number - b.number);
        this.#open = new Set(all);
        for (const entry of entries) {
            entry.outcome = "";
            if (entry.node) this.#showButtons(entry);
        }
    }

    // The broker took back what was not acknowledged: of one subscription, or of all.
    gone(subscription = null) {
        const gone = [...this.#open].filter((entry) =>
            subscription === null || entry.subscription === subscription);
        this.settled(gone, "given back");
    }

    #append(entry) {
        this.#coming.push(entry);
        if (this.#coming.length === 1) requestAnimationFrame(() => this.#draw());
    }

    #draw() {
        const log = byId("log");
        const coming = this.#coming.splice(0);
        const isOwn = coming.some((entry) => !entry.message);  // Whoever did something looks there.
        const follows = isOwn || log.scrollHeight - log.scrollTop - log.clientHeight < 40;
        const skipped = coming.length - LOG_MAX;
        const made = coming.filter((entry, i) => i >= skipped || this.#open.has(entry))
            .map((entry) => entry.message ? this.#makeMessage(entry) : makeNote(entry));
        log.append(...made);
        this.#trim(LOG_MAX);
        if (follows) log.scrollTop = log.scrollHeight;
        this.#showCount();
    }

    // To `max` entries, if so many may go.
    #trim(max) {
        const log = byId("log");
        const waiting = new Set([...this.#open].map((entry) => entry.node));
        for (const node of [...log.children]) {
            if (log.childElementCount <= max) break;
            if (!waiting.has(node)) node.remove();
        }
    }

    #clear() {
        this.#trim(0);
        this.#count = 0;
        this.#showCount();
    }

    #showCount() {
        setText(byId("message-count"), this.#count > 0 ? `${number(this.#count)} came` : "");
        byId("silence").hidden = byId("log").childElementCount > 0;
    }

    #makeMessage(entry) {
        const { headers } = entry.message;
        const rows = Object.entries(headers).map(([name, value]) =>
            element("div", "", element("dt", "", name), element("dd", "", value)));
        const details = element("details", "", element("summary", "", headersSummary(headers)),
                                element("dl", "rows", ...rows));
        const title = element("div", "line", element("b", "", headers.destination),
                              timeOf(entry.time));
        const body = element("pre", "", bodyText(entry.message.binaryBody));
        entry.buttons = element("div", "actions");
        entry.node = element("article", "entry", title, body, details, entry.buttons);
        entry.node.setAttribute("aria-label", `Message from ${headers.destination}`);
        if (entry.outcome) showOutcome(entry);
        else this.#showButtons(entry);
        return entry.node;
    }

    #showButtons(entry) {
        const verdicts = this.#open.has(entry) ? ["ack", "nack"] : [];
        entry.buttons.replaceChildren(...verdicts.map((verdict) => {
            const button = element("button", "small", verdict.toUpperCase());
            button.type = "button";
            button.addEventListener("click", () => this.onSettle(entry, verdict));
            return button;
        }));
    }
}

function showOutcome({ buttons, outcome, node }) {
    if (!node) return;
    const hadFocus = buttons.contains(document.activeElement);
    buttons.replaceChildren(element("span", "muted", outcome));
    if (hadFocus) byId("log").focus({ preventScroll: true });
}

function makeNote({ text, isError, time }) {
    return element("p", isError ? "note bad" : "note", element("span", "", text), timeOf(time));
}

function headersSummary(headers) {
    const count = Object.keys(headers).length;
    const type = headers["content-type"];
    const redelivered = headers.redelivered === "true" ? ", redelivered" : "";
    return `${count} headers${type ? `, ${type}` : ""}${redelivered}`;
}

function bodyText(bytes) {
    try {
        const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
        if (text.length <= BODY_MAX) return text;
        return `${text.slice(0, BODY_MAX)}… (${number(text.length)} characters)`;
    } catch {
        const hex = Array.from(bytes.subarray(0, HEX_MAX),
                               (byte) => byte.toString(16).padStart(2, "0"));
        return `${number(bytes.length)} bytes: ${hex.join(" ")}`;
    }
}

function timeOf(ms) {
    const time = element("time", "muted", clockTime(ms));
    time.dateTime = new Date(ms).toISOString();
    time.title = exactTime(ms);
    return time;
}

// One STOMP session, by hand, through @stomp/stompjs: connect, subscribe, send, acknowledge, with
// transactions. A lost connection comes back, and its subscriptions with it.

import { byId, element, setText } from "./dom.js";

const RETRY_MS = 2000;
const GOING_AWAY = 1001;    // Close code: the broker stops, or starts anew.
const PREFETCH = "50";      // Messages to acknowledge at a time: the others are for others.

export class Console {
    #messages;
    #url = "";
    #client = null;         // Null: not connected, and not trying to be.
    #subscriptions = new Map();  // By id: {id, destination, ack, handle, node}.
    #transaction = null;    // The open one: {handle, sent, settled}.
    #lastNumber = 0;
    #hasFailed = false;     // An ERROR came, and a close will.

    constructor(messages) {
        this.#messages = messages;
        messages.onSettle = (entry, verdict) => this.#settle(entry, verdict);
        const onSubmit = (id, act) => byId(id).addEventListener("submit", (event) => {
            event.preventDefault();
            act();
        });
        onSubmit("connect-form", () => this.#client ? this.#disconnect() : this.#connect());
        onSubmit("subscribe-form", () => this.#subscribe());
        onSubmit("send-form", () => this.#send());
        byId("begin").addEventListener("click", () => this.#begin());
        byId("commit").addEventListener("click", () => this.#endTransaction("commit"));
        byId("abort").addEventListener("click", () => this.#endTransaction("abort"));
        this.#showTransaction();
    }

    setUrl(url) {
        this.#url = url;
        byId("connect").disabled = false;
    }

    choose(name) {
        byId("subscribe-destination").value = byId("send-destination").value = name;
        byId("console").scrollIntoView({ block: "nearest" });
    }

    #connect() {
        const [login, passcode] = [byId("login").value, byId("passcode").value];
        // Of a client that was given up nothing is heard.
        const heard = (handler) => (event) => { if (client === this.#client) handler(event); };
        const client = new StompJs.Client({
            brokerURL: this.#url,
            connectHeaders: login || passcode ? { login, passcode } : {},
            reconnectDelay: RETRY_MS,
            onConnect: heard((frame) => this.#connected(frame)),
            onStompError: heard((frame) => this.#failed(frame)),
            onWebSocketClose: heard((event) => this.#lost(event)),
        });
        this.#client = client;
        showError("");
        setText(byId("connect"), "Disconnect");
        setText(byId("session"), "connecting");
        client.activate();
    }

    #connected({ headers }) {
        byId("session-forms").disabled = false;
        setText(byId("session"), `connected, STOMP ${headers.version}`);
        showError("");
        this.#messages.note(`CONNECTED by STOMP ${headers.version} to ${headers.server}`);
        for (const subscription of this.#subscriptions.values()) this.#listen(subscription);
    }

    #failed({ headers, body }) {
        showError(`${headers.message} ${body.split("\n", 1)[0]}`);
        this.#messages.note(`ERROR: ${headers.message}\n${body}`.trim(), true);
        this.#hasFailed = true;
    }

    // stompjs tries again by itself, unless we did something wrong.
    #lost({ code, reason }) {
        if (this.#hasFailed && code !== GOING_AWAY) return this.#stop();
        this.#hasFailed = false;
        const wasConnected = !byId("session-forms").disabled;
        this.#sessionEnded();
        setText(byId("session"), "no connection, trying again");
        if (!wasConnected) return;
        this.#messages.note(`The connection was lost: ${code} ${reason}`.trim(), true);
    }

    #disconnect() {
        this.#stop();
        this.#messages.note("DISCONNECT");
    }

    #stop() {
        const client = this.#client;
        this.#client = null;
        this.#hasFailed = false;
        client.deactivate();
        this.#sessionEnded();
        for (const { node } of this.#subscriptions.values()) node.remove();
        this.#subscriptions.clear();
        setText(byId("connect"), "Connect");
        setText(byId("session"), "not connected");
    }

    #sessionEnded() {
        byId("session-forms").disabled = true;
        this.#transaction = null;
        this.#showTransaction();
        this.#messages.gone();
    }

    #subscribe() {
        const destination = byId("subscribe-destination").value.trim();
        const subscription = { id: this.#newId("sub"), destination, ack: byId("ack-mode").value };
        this.#subscriptions.set(subscription.id, subscription);
        this.#listen(subscription);
        const button = element("button", "small", "Unsubscribe");
        button.type = "button";
        button.setAttribute("aria-label", `Unsubscribe from ${destination}`);
        button.addEventListener("click", () => this.#unsubscribe(subscription));
        subscription.node = element("li", "", element("span", "", destination),
                                    element("span", "muted", subscription.ack), button);
        byId("subscriptions").append(subscription.node);
    }

    #listen(subscription) {
        const { id, destination, ack } = subscription;
        const headers = ack === "auto" ? { id, ack } : { id, ack, "prefetch-count": PREFETCH };
        subscription.handle = this.#client.subscribe(
            destination, (message) => this.#messages.add(message, subscription), headers);
        this.#messages.note(`SUBSCRIBE ${destination}, ack:${ack}`);
    }

    #unsubscribe(subscription) {
        subscription.handle.unsubscribe();
        subscription.node.remove();
        byId("subscribe-destination").focus();
        this.#subscriptions.delete(subscription.id);
        this.#messages.gone(subscription);
        this.#messages.note(`UNSUBSCRIBE ${subscription.destination}`);
    }

    #send() {
        const destination = byId("send-destination").value.trim();
        const headers = parseHeaders(byId("headers").value);
        byId("headers").setAttribute("aria-invalid", String(headers === null));
        showError(headers === null ? "A header is name:value, on a line of its own." : "");
        if (headers === null) return;
        if (this.#transaction) headers.transaction = this.#transaction.handle.id;
        if (byId("receipt").checked) headers.receipt = this.#expectReceipt();
        this.#client.publish({ destination, headers, body: byId("body").value });
        if (this.#transaction) this.#transaction.sent += 1;
        this.#showTransaction();
        this.#messages.note(`SEND ${destination}${this.#transaction ? ", at COMMIT" : ""}`);
    }

    #expectReceipt() {
        const id = this.#newId("receipt");
        this.#client.watchForReceipt(id, () => this.#messages.note(`RECEIPT ${id}`));
        return id;
    }

    #settle(entry, verdict) {
        const transaction = this.#transaction;
        const entries = this.#messages.covered(entry);
        entry.message[verdict](transaction ? { transaction: transaction.handle.id } : {});
        transaction?.settled.push(...entries);
        this.#showTransaction();
        this.#messages.settled(entries, verdict.toUpperCase() + (transaction ? ", at COMMIT" : ""));
    }

    #begin() {
        this.#transaction = { handle: this.#client.begin(), sent: 0, settled: [] };
        this.#messages.note("BEGIN");
        this.#showTransaction();
        byId("commit").focus();
    }

    #endTransaction(how) {
        const { handle, settled } = this.#transaction;
        handle[how]();
        this.#transaction = null;
        this.#messages.note(how.toUpperCase());
        // Those whose subscription ended meanwhile are the broker's again.
        const here = settled.filter(({ subscription }) => this.#subscriptions.has(subscription.id));
        if (how === "abort") this.#messages.reopen(here);
        this.#showTransaction();
        byId("begin").focus();
    }

    #showTransaction() {
        const transaction = this.#transaction;
        byId("begin").disabled = transaction !== null;
        byId("commit").disabled = byId("abort").disabled = transaction === null;
        setText(byId("transaction-state"), transaction
            ? `Open: ${transaction.sent} sent, ${transaction.settled.length} acknowledged.`
            : "None: what you send and acknowledge happens at once.");
    }

    #newId(prefix) {
        this.#lastNumber += 1;
        return `${prefix}-${this.#lastNumber}`;
    }
}

// Null: a line is none.
function parseHeaders(text) {
    const headers = {};
    for (const line of text.split("\n")) {
        if (line.trim() === "") continue;
        const colon = line.indexOf(":");
        if (colon <= 0) return null;
        headers[line.slice(0, colon).trim()] ??= line.slice(colon + 1).trim();  // The first counts.
    }
    return headers;
}

function showError(text) { byId("console-error").textContent = text.trim(); }

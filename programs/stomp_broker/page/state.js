// The table of destinations and the totals, from state.json, once a second.
//
// Rates are what counters grew by between two answers, by the server's clock: a slow network
// changes nothing about them. A row stays the same element as long as its destination is there.

import { byId, element, number, setText } from "./dom.js";
import { showBackplane } from "./backplane.js";
import { showRelay } from "./relay.js";

const EVERY_MS = 1000;
const TIMEOUT_MS = 5000;
const ROWS_MAX = 200;       // On the page; the filter finds the others.
const COLUMNS = ["In /s", "Out /s", "Depth", "Unacked", "Consumers"];
const TOTALS = ["sessions", "received", "delivered", "redelivered", "dead_lettered",
                "dead_letters_lost", "dropped", "expired"];

export class State {
    #onPath;
    #onChosen;
    #rows = new Map();      // By name.
    #last = null;           // The answer before.
    #now = null;

    constructor({ onPath, onChosen }) {
        this.#onPath = onPath;
        this.#onChosen = onChosen;
        byId("filter").addEventListener("input", () => { if (this.#now) this.#showRows(); });
    }

    async start() {
        for (;;) {
            // Nobody looks: what happens meanwhile is in the next rates.
            if (!document.hidden) await this.#ask();
            await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
        }
    }

    async #ask() {
        try {
            const signal = AbortSignal.timeout(TIMEOUT_MS);
            const response = await fetch("state.json", { cache: "no-store", signal });
            if (!response.ok) throw new Error(response.statusText);
            this.#take(await response.json());
            showReach(true);
        } catch {
            showReach(false);
        }
    }

    #take(state) {
        const isNew = !this.#now || state.time < this.#now.time;  // The broker is another one.
        this.#last = isNew ? null : this.#now;
        this.#now = state;
        if (isNew) this.#onPath(state.path);
        for (const name of TOTALS) setText(byId(name), number(state[name]));
        setText(byId("memory"), number(Math.ceil(state.memory / 1024)));
        for (const name of ["received", "delivered"]) {
            const rate = this.#last ? `${this.#rate(state, this.#last, name)} /s` : "";
            setText(byId(`${name}-rate`), rate);
        }
        showRelay(state.relay);
        showBackplane(state.backplane);
        this.#showRows();
    }

    // Of a counter that grew since `before`, or from nothing if its owner is new.
    #rate(after, before, name) {
        const seconds = (this.#now.time - this.#last.time) / 1000;
        const start = before && before[name] <= after[name] ? before[name] : 0;
        const rate = seconds > 0 ? (after[name] - start) / seconds : 0;
        return rate < 10 ? String(Math.round(rate * 10) / 10) : number(Math.round(rate));
    }

    #showRows() {
        const { destinations, left_out: leftOut } = this.#now;
        const wanted = byId("filter").value.trim().toLowerCase();
        const found = destinations.filter(({ name }) => name.toLowerCase().includes(wanted));
        const shown = found.slice(0, ROWS_MAX);
        this.#removeAllBut(new Set(shown.map(({ name }) => name)));
        const before = new Map(this.#last?.destinations.map((one) => [one.name, one]));
        let place = byId("destinations").firstElementChild;
        for (const destination of shown) {
            const row = this.#rowOf(destination.name);
            this.#fill(row, destination, before.get(destination.name));
            if (row.node === place) place = place.nextElementSibling;
            else byId("destinations").insertBefore(row.node, place);
        }
        const all = destinations.length + leftOut;
        byId("empty").hidden = shown.length > 0;
        setText(byId("empty"), all > 0 ? "None has such a name."
                                       : "No destination has subscribers or messages.");
        setText(byId("destination-count"),
                shown.length < all ? `${number(shown.length)} of ${number(all)}` : number(all));
        offerNames(shown);
    }

    #removeAllBut(names) {
        for (const [name, row] of this.#rows) {
            if (names.has(name)) continue;
            row.node.remove();
            this.#rows.delete(name);
        }
    }

    #rowOf(name) {
        const known = this.#rows.get(name);
        if (known) return known;
        const button = element("button", "name", name);
        button.type = "button";
        button.title = "Use it in the console";
        button.addEventListener("click", () => this.#onChosen(name));
        const head = element("th", "", button);
        head.scope = "row";
        head.setAttribute("role", "rowheader");
        const cells = COLUMNS.map((label) => {
            const cell = element("td");
            cell.dataset.label = label;
            cell.setAttribute("role", "cell");
            return cell;
        });
        const node = element("tr", "", head, ...cells);
        node.setAttribute("role", "row");
        const row = { node, cells };
        this.#rows.set(name, row);
        return row;
    }

    #fill({ node, cells }, now, before) {
        const rate = (counter) => this.#last ? this.#rate(now, before, counter) : "–";
        const ofQueue = (count) => now.queue ? number(count) : "–";
        const values = [rate("received"), rate("consumed"), ofQueue(now.waiting),
                        ofQueue(now.unacknowledged), number(now.consumers)];
        values.forEach((value, i) => setText(cells[i], value));
        // Messages that wait for nobody.
        node.dataset.waits = String(now.queue && now.waiting > 0 && now.consumers === 0);
    }
}

function showReach(isLive) {
    byId("state").dataset.state = isLive ? "open" : "waiting";
    setText(byId("state-text"), isLive ? "live" : "no answer");
}

// For the console's fields. Rewritten only when they change: an open list would close.
let offered = "";

function offerNames(destinations) {
    const names = destinations.map(({ name }) => name).filter((name) => !name.includes("…"));
    if (names.join("\n") === offered) return;
    offered = names.join("\n");
    byId("names").replaceChildren(...names.map((name) => {
        const option = element("option");
        option.value = name;
        return option;
    }));
}

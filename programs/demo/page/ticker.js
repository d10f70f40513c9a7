// The ticker: one row a symbol, a chart of the chosen one. Drawn once a frame at most, and not at
// all while the page is hidden or the ticker is paused; prices are collected all the same.

import { byId, element, polyline, setText, shape } from "./dom.js";

const WINDOW = 300;         // Prices kept: a minute at five a second.
const SPARK = 100;          // Of them in a row's sparkline.
const FLASH_MS = 400;

export class Ticker {
    #rows = [];             // One a symbol: {symbol, name, open, prices, and its elements}.
    #chosen = 0;
    #paused = false;
    #drawing = false;
    #arrivals = [];         // Of the last ticks, for the rate.
    #line = shape("polyline", { class: "line" });
    #area = shape("polygon", { class: "area" });

    constructor() {
        byId("chart").append(this.#area, this.#line);
        byId("pause").addEventListener("click", () => this.#togglePause());
        setInterval(() => this.#showRate(), 1000);
    }

    receive(message) {
        if (message.type === "welcome") this.#start(message);
        if (message.type === "tick") this.#tick(message.prices);
    }

    #start({ symbols, history }) {
        this.#rows = symbols.map((about, i) => ({
            ...about,
            prices: history.map((prices) => prices[i]),
            ...this.#makeRow(about, i),
        }));
        byId("symbols").replaceChildren(...this.#rows.map((row) => row.item));
        this.#arrivals = [];
        this.#choose(Math.min(this.#chosen, this.#rows.length - 1));
    }

    #makeRow({ symbol, name }, index) {
        const spark = shape("svg", { viewBox: "0 0 100 24", preserveAspectRatio: "none",
                                     "aria-hidden": "true" });
        const line = shape("polyline", { class: "line" });
        spark.append(line);
        const price = element("span", "price");
        const change = element("span", "change");
        const title = element("span", "symbol", element("b", "", symbol),
                              element("span", "muted", name));
        const button = element("button", "", title, spark, price, change);
        button.type = "button";
        button.addEventListener("click", () => this.#choose(index));
        return { item: element("li", "", button), button, line, price, change };
    }

    #choose(index) {
        this.#chosen = index;
        this.#rows.forEach((row, i) => row.button.setAttribute("aria-pressed", i === index));
        const { symbol } = this.#rows[index];
        setText(byId("shown"), symbol);
        byId("chart").setAttribute("aria-label", `Price of ${symbol}, last minute`);
        this.#schedule();
    }

    #tick(prices) {
        this.#arrivals.push(performance.now());
        this.#rows.forEach((row, i) => {
            row.prices.push(prices[i]);
            if (row.prices.length > WINDOW) row.prices.shift();
        });
        if (!this.#paused) this.#schedule();
    }

    #schedule() {
        if (this.#drawing) return;
        this.#drawing = true;
        requestAnimationFrame(() => {
            this.#drawing = false;
            this.#rows.forEach((row) => this.#drawRow(row));
            if (this.#rows.length > 0) this.#drawChart(this.#rows[this.#chosen]);
        });
    }

    #drawRow(row) {
        if (row.prices.length === 0) return;
        const recent = row.prices.slice(-SPARK);
        const last = recent.at(-1);
        const percent = (last / row.open - 1) * 100;
        const up = percent >= 0;
        row.line.setAttribute("points", polyline(recent, SPARK, 100, 24, ...range(recent)));
        const text = last.toFixed(2);
        if (row.price.textContent !== text) flash(row.price, last >= (recent.at(-2) ?? last));
        setText(row.price, text);
        setText(row.change, `${up ? "▲ +" : "▼ −"}${Math.abs(percent).toFixed(2)} %`);
        row.button.dataset.trend = up ? "up" : "down";
    }

    #drawChart({ prices, open }) {
        const [low, high] = range(prices);
        const points = polyline(prices, WINDOW, 300, 100, low, high);
        const start = 300 - (prices.length - 1) * 300 / (WINDOW - 1);
        this.#line.setAttribute("points", points);
        this.#area.setAttribute("points", `${start},100 ${points} 300,100`);
        byId("chart").dataset.trend = (prices.at(-1) ?? open) >= open ? "up" : "down";
        setText(byId("shown-price"), (prices.at(-1) ?? open).toFixed(2));
        setText(byId("high"), high.toFixed(2));
        setText(byId("low"), low.toFixed(2));
    }

    #togglePause() {
        this.#paused = !this.#paused;
        byId("pause").setAttribute("aria-pressed", String(this.#paused));
        if (!this.#paused) this.#schedule();
    }

    #showRate() {
        const since = performance.now() - 3000;
        this.#arrivals = this.#arrivals.filter((at) => at > since);
        const first = this.#arrivals.at(0) ?? 0;
        const span = (this.#arrivals.at(-1) ?? 0) - first;
        const rate = span > 0 ? (this.#arrivals.length - 1) / span * 1000 : 0;
        setText(byId("tick-rate"), rate.toFixed(1));
    }
}

function range(values) {
    if (values.length === 0) return [0, 1];
    return [Math.min(...values), Math.max(...values)];
}

function flash(node, up) {
    if (matchMedia("(prefers-reduced-motion: reduce)").matches) return;
    const colour = getComputedStyle(node).getPropertyValue(up ? "--up-soft" : "--down-soft");
    node.animate([{ backgroundColor: colour }, { backgroundColor: "transparent" }], FLASH_MS);
}

// Small helpers. Text from the wire reaches the page through textContent alone, never as markup.

export const byId = (id) => document.getElementById(id);

export function element(tag, className, ...children) {
    const node = document.createElement(tag);
    if (className) node.className = className;
    node.append(...children);  // Strings become text nodes.
    return node;
}

export function shape(tag, attributes = {}) {
    const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
    return node;
}

export function setText(node, text) {
    if (node.textContent !== text) node.textContent = text;
}

const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const exact = new Intl.DateTimeFormat(undefined, { timeStyle: "medium" });
const count = new Intl.NumberFormat("en");

export const clockTime = (ms) => clock.format(ms);
export const exactTime = (ms) => exact.format(ms);
export const number = (n) => count.format(n);

export function size(n) {
    if (n < 1000) return `${n} B`;
    if (n < 1e6) return `${(n / 1e3).toFixed(1)} kB`;
    return `${(n / 1e6).toFixed(1)} MB`;
}

export function duration(seconds) {
    const s = Math.floor(seconds);
    if (s < 60) return `${s} s`;
    if (s < 3600) return `${Math.floor(s / 60)} min ${s % 60} s`;
    return `${Math.floor(s / 3600)} h ${Math.floor(s / 60) % 60} min`;
}

export function milliseconds(ms) {
    return ms < 10 ? `${ms.toFixed(2)} ms` : `${ms.toFixed(0)} ms`;
}

// The points of a polyline over a box of width × height, newest value at the right edge.
export function polyline(values, capacity, width, height, low, high) {
    const step = width / (capacity - 1);
    const first = width - step * (values.length - 1);
    const scale = height / (high - low || 1);
    return values.map((v, i) =>
        `${(first + i * step).toFixed(1)},${(height - (v - low) * scale).toFixed(1)}`).join(" ");
}

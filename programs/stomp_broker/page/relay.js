// Of a relay: its connections to upstream brokers, and what became of what went there.

import { byId, element, number, setText } from "./dom.js";

const TOTALS = ["sent", "received", "gaps", "refused", "in_doubt", "own_connections"];
const COLUMNS = ["State", "Subscriptions", "Connects", "Failures", "Resubscribed, ms"];

// `relay`: of state.json; undefined: it is none.
export function showRelay(relay) {
    byId("relay").hidden = !relay;
    if (!relay) return;
    for (const name of TOTALS) setText(byId(`relay-${name}`), number(relay[name]));
    const down = relay.upstreams.filter(({ available }) => !available).length;
    setText(byId("relay-state"), down > 0 ? `${number(down)} not connected` : "connected");
    const rows = byId("upstreams");
    while (rows.children.length > relay.upstreams.length) rows.lastElementChild.remove();
    while (rows.children.length < relay.upstreams.length) rows.append(makeRow());
    relay.upstreams.forEach((upstream, i) => fill(rows.children[i], upstream));
}

function makeRow() {
    const head = element("th");
    head.scope = "row";
    head.setAttribute("role", "rowheader");
    const cells = COLUMNS.map((label) => {
        const cell = element("td");
        cell.dataset.label = label;
        cell.setAttribute("role", "cell");
        return cell;
    });
    const row = element("tr", "", head, ...cells);
    row.setAttribute("role", "row");
    return row;
}

function fill(row, upstream) {
    const values = [upstream.address, upstream.available ? "up" : "down",
                    number(upstream.subscriptions), number(upstream.connects),
                    number(upstream.failures), number(upstream.resubscribed_ms)];
    values.forEach((value, i) => setText(row.children[i], value));
    row.dataset.down = String(!upstream.available);
}

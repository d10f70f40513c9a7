// Of a backplane: this node's connection to the others, and what became of what went there.

import { byId, number, setText } from "./dom.js";

const TOTALS = ["subscriptions", "published", "received", "waiting", "refused", "missing"];

// `backplane`: of state.json; undefined: there is none.
export function showBackplane(backplane) {
    byId("backplane").hidden = !backplane;
    if (!backplane) return;
    for (const name of TOTALS) setText(byId(`backplane-${name}`), number(backplane[name]));
    const state = backplane.available ? "connected" : "not connected";
    setText(byId("backplane-state"), `node ${backplane.node}, ${state}`);
}

/** Spreads requests that belong to no session over the ready pods: to the one with the fewest in progress, in turn among equals. */
import type { Endpoint } from "./routes.ts";

export class Balancer {
    readonly #pending = new Map<string, number>();
    #turn = 0;

    /** Ready endpoints in the order in which they should be tried. */
    order(endpoints: readonly Endpoint[]): readonly Endpoint[] {
        const ready = endpoints.filter((endpoint) => endpoint.ready);
        if (ready.length < 2) return ready;
        const from = this.#turn++ % ready.length;
        const turned = [...ready.slice(from), ...ready.slice(0, from)];
        return turned.toSorted((a, b) => this.#of(a) - this.#of(b));
    }

    /** Counts a request as in progress until the returned function is called. */
    begin(endpoint: Endpoint): () => void {
        this.#pending.set(endpoint.tag, this.#of(endpoint) + 1);
        let ended = false;
        return () => {
            if (ended) return;
            ended = true;
            const rest = this.#of(endpoint) - 1;
            if (rest > 0) this.#pending.set(endpoint.tag, rest);
            else this.#pending.delete(endpoint.tag);
        };
    }

    #of(endpoint: Endpoint): number {
        return this.#pending.get(endpoint.tag) ?? 0;
    }
}

/** What the gateway counts, per server. */
import { metricsText, type Metric } from "../bridge/metrics.ts";

type Labels = Readonly<Record<string, string>>;

class Counter {
    readonly #name: string;
    readonly #help: string;
    readonly #values = new Map<string, { readonly labels: Labels; value: number }>();

    constructor(name: string, help: string) {
        this.#name = name;
        this.#help = help;
    }

    add(labels: Labels, by = 1): void {
        const key = JSON.stringify(labels);
        const known = this.#values.get(key);
        if (known) known.value += by;
        else this.#values.set(key, { labels, value: by });
    }

    get metric(): Metric {
        return { name: this.#name, type: "counter", help: this.#help, values: [...this.#values.values()] };
    }
}

export class Counters {
    readonly requests = new Counter("mcp_gateway_requests_total", "Requests answered, by server and status.");
    readonly seconds = new Counter("mcp_gateway_request_seconds_total", "Time until answers were complete, by server.");
    readonly upstreamErrors = new Counter("mcp_gateway_upstream_errors_total", "Pods that could not be reached or broke off, by server.");
    inProgress = 0;

    /** Everything in the Prometheus text format. */
    text(servers: number): string {
        return metricsText([
            this.requests.metric,
            this.seconds.metric,
            this.upstreamErrors.metric,
            {
                name: "mcp_gateway_requests_in_progress",
                type: "gauge",
                help: "Requests being answered.",
                values: [{ value: this.inProgress }],
            },
            { name: "mcp_gateway_servers", type: "gauge", help: "Servers known.", values: [{ value: servers }] },
        ]);
    }
}

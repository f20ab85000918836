/** The Prometheus text format, as much of it as counters and gauges need. */

export interface Metric {
    readonly name: string;
    readonly type: "counter" | "gauge";
    readonly help: string;
    readonly values: readonly { readonly labels?: Readonly<Record<string, string>>; readonly value: number }[];
}

export function metricsText(metrics: readonly Metric[]): string {
    return metrics
        .map(
            ({ name, type, help, values }) =>
                [
                    `# HELP ${name} ${help}`,
                    `# TYPE ${name} ${type}`,
                    ...values.map(({ labels, value }) => `${name}${labelText(labels)} ${value}`),
                ].join("\n") + "\n",
        )
        .join("");
}

function labelText(labels: Readonly<Record<string, string>> | undefined): string {
    if (!labels) return "";
    const pairs = Object.entries(labels).map(
        ([name, value]) => `${name}="${value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n")}"`,
    );
    return pairs.length ? `{${pairs.join(",")}}` : "";
}

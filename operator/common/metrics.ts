/** Metrics in Prometheus' text format. */

export type Labels = Readonly<Record<string, string>>;

interface Family {
    readonly help: string;
    readonly type: "counter" | "gauge";
    readonly values: Map<string, number>;
    readonly read: (() => number) | undefined;
}

export class Metrics {
    readonly #families = new Map<string, Family>();

    /** Declares a number that only grows; the returned function adds to it. */
    counter(name: string, help: string): (labels?: Labels, by?: number) => void {
        const values = this.#declare(name, help, "counter").values;
        return (labels = {}, by = 1) => {
            const key = render(labels);
            values.set(key, (values.get(key) ?? 0) + by);
        };
    }

    /** Declares a number that is read when it is asked for. */
    read(name: string, help: string, type: "counter" | "gauge", read: () => number): void {
        this.#declare(name, help, type, read);
    }

    /** Everything, as `text/plain; version=0.0.4`. */
    text(): string {
        const lines: string[] = [];
        for (const [name, { help, type, values, read }] of this.#families) {
            lines.push(`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`);
            if (read) lines.push(`${name} ${read()}`);
            for (const [labels, value] of values) lines.push(`${name}${labels} ${value}`);
        }
        return `${lines.join("\n")}\n`;
    }

    #declare(name: string, help: string, type: Family["type"], read?: () => number): Family {
        const family: Family = { help, type, values: new Map(), read };
        this.#families.set(name, family);
        return family;
    }
}

function render(labels: Labels): string {
    const parts = Object.entries(labels).map(
        ([key, value]) => `${key}="${value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n")}"`,
    );
    return parts.length ? `{${parts.join(",")}}` : "";
}

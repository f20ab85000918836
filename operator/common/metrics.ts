/** Metrics in Prometheus' text format: numbers without labels, read when they are asked for. */
export class Metrics {
    readonly #lines: (() => string)[] = [];

    /** Declares a number that only grows. */
    counter(name: string, help: string, read: () => number): void {
        this.#declare(name, help, "counter", read);
    }

    /** Declares a number that rises and falls. */
    gauge(name: string, help: string, read: () => number): void {
        this.#declare(name, help, "gauge", read);
    }

    /** Everything, as `text/plain; version=0.0.4`. */
    text(): string {
        return this.#lines.map((line) => line()).join("");
    }

    #declare(name: string, help: string, type: "counter" | "gauge", read: () => number): void {
        this.#lines.push(() => `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${name} ${read()}\n`);
    }
}

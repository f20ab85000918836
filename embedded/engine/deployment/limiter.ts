/** Bounds how many steps run at once. */
export class Limiter {
    readonly #limit: number;
    #running = 0;
    readonly #waiting: (() => void)[] = [];

    /** @param limit 0 or less is no limit */
    constructor(limit: number) {
        this.#limit = limit > 0 ? limit : Infinity;
    }

    async run<T>(work: () => Promise<T>): Promise<T> {
        if (this.#running >= this.#limit) await new Promise<void>((resolve) => this.#waiting.push(resolve));
        else this.#running++;
        try {
            return await work();
        } finally {
            const next = this.#waiting.shift();
            if (next) next();
            else this.#running--;
        }
    }
}

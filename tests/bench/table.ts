/** What was measured beside its floor, as a table. */

export interface Row {
    readonly what: string;
    readonly measured: string;
    readonly floor: string;
    readonly ratio: string;
    readonly target: string;
}

export const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

/** @param measured seconds, of which the median counts, as of `floor` */
export function compare(what: string, measured: readonly number[], floorName: string, floor: readonly number[], target: string): Row {
    const [m, f] = [median(measured), median(floor)];
    return { what, measured: `${m.toFixed(2)} s`, floor: `${floorName}: ${f.toFixed(2)} s`, ratio: (m / f).toFixed(1), target };
}

export function print(rows: readonly Row[]): void {
    console.log("\n| what | measured (median) | floor in the same run | ratio | target |\n|---|---|---|---|---|");
    for (const r of rows) console.log(`| ${r.what} | ${r.measured} | ${r.floor} | ${r.ratio} | ${r.target} |`);
}

/** Tables of documented behaviours, for providers whose values live in the state alone. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { projectRoot } from "../../../embedded/common/paths.ts";

/** One documented behaviour of the official provider, where it is documented, and the proof of what happens here. */
export interface Row {
    readonly behaviour: string;
    /** The page, the property's documentation or the source file of the official provider that says so. */
    readonly source: string;
    /** Where we differ: what the official provider does, and what this one does, as in docs/providers.md. */
    readonly differs?: { readonly official: string; readonly here: string };
    proof(): Promise<void>;
}

export function prove(rows: readonly Row[]): void {
    test.each(rows.map((row) => [row.differs ? `${row.behaviour} (differs)` : row.behaviour, row] as const))("%s", async (_name, row) => {
        await row.proof();
    });
}

/** The list of differences of a provider in docs/providers.md. */
export function documentedDifferences(provider: string): string[] {
    const text = readFileSync(join(projectRoot, "docs/providers.md"), "utf8");
    const section = text.split(`### Differences from the official ${provider} provider`)[1]?.split(/\n##+ /)[0] ?? "";
    return [...section.matchAll(/^\| (.+?) +\| (.+?) +\|$/gm)].map(([, official, here]) => `${official} | ${here}`).slice(2);
}

/** The marked rows, written as that list. */
export function markedDifferences(rows: readonly Row[]): string[] {
    return rows.flatMap(({ differs }) => (differs ? [`${differs.official} | ${differs.here}`] : []));
}

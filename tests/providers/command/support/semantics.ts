/** One documented behaviour of the official provider, where it is documented, and the proof that it is ours as well. */
export interface Row {
    readonly behaviour: string;
    /** The page, the property's documentation or the source file of the official provider that says so. */
    readonly source: string;
    /** Where we differ: what the official provider does, and what this one does, as in docs/providers.md. */
    readonly differs?: { readonly official: string; readonly here: string };
    proof(): Promise<void>;
}

/** The properties' documentation in the package's type declarations. */
export const declared = (file: string, property: string) => `@pulumi/command ${file}.d.ts, ${property}`;
/** A file of pulumi-command v1.2.1 below `provider/pkg/provider`. */
export const official = (file: string) => `pulumi-command provider/pkg/provider/${file}.go`;

export function prove(rows: readonly Row[]): void {
    test.each(rows.map((row) => [row.differs ? `${row.behaviour} (differs)` : row.behaviour, row] as const))("%s", async (_name, row) => {
        await row.proof();
    });
}

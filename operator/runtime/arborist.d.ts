/** The part of npm's own installer that is used here; the package brings no types. */
declare module "@npmcli/arborist" {
    export interface Options {
        readonly path: string;
        readonly cache?: string;
        readonly registry?: string;
        readonly ignoreScripts?: boolean;
        readonly omit?: readonly string[];
        readonly audit?: boolean;
        readonly binLinks?: boolean;
        readonly preferOnline?: boolean;
    }
    export interface Tree {
        readonly inventory: { readonly size: number };
    }
    export class Arborist {
        constructor(options: Options);
        reify(options: { readonly add?: readonly string[]; readonly omit?: readonly string[]; readonly save?: boolean }): Promise<Tree>;
    }
}

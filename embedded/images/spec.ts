/** What the image tool reads: layers made of files, and how the image is run. Paths in the image are absolute. */

export interface FileSpec {
    readonly from: string;
    readonly to: string;
    /** Octal. Default: 755 for what can be run, else 644. */
    readonly mode?: string;
}

/** A folder copied whole. A pattern without a slash is about names at any depth, one with a slash about the path below `from`. */
export interface TreeSpec {
    readonly from: string;
    readonly to: string;
    readonly include?: readonly string[];
    readonly exclude?: readonly string[];
}

export interface LayerSpec {
    /** Kept in the image's history. */
    readonly comment: string;
    readonly files?: readonly FileSpec[];
    readonly trees?: readonly TreeSpec[];
    readonly dirs?: readonly { readonly path: string; readonly mode?: string }[];
    readonly links?: readonly { readonly path: string; readonly to: string }[];
    readonly text?: readonly { readonly path: string; readonly content: string; readonly mode?: string }[];
}

/** How the image is run, as in the OCI image configuration. */
export interface RunSpec {
    readonly entrypoint: readonly string[];
    readonly cmd?: readonly string[];
    readonly env?: readonly string[];
    readonly user: string;
    readonly workdir?: string;
    readonly labels?: Readonly<Record<string, string>>;
}

export interface ImageSpec extends RunSpec {
    readonly ref: string;
    readonly architecture: string;
    readonly layers: readonly LayerSpec[];
}

/** The architecture images are for, as OCI names it. */
export const architecture: string = process.arch === "x64" ? "amd64" : process.arch;

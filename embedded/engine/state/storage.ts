/** Where a backend keeps its files: a folder (`storage-files.ts`) or a bucket (`storage-s3.ts`). */

export interface StoredFile {
    readonly data: Buffer;
    /** Tells the file from one that is put in its place later. */
    readonly id: string;
}

/**
 * Files by name, each either the old or the new one at any moment. Names are made by {@link nameOf} and mean something
 * to their storage only. Every method rejects with a UserError for what a user can do something about.
 */
export interface Storage {
    /** All of it, for people and for `PULUMI_BACKEND_URL`. */
    readonly url: string;
    /** Whether names are paths of this machine's files, which can be appended to. */
    readonly local: boolean;
    /** The name of a file or folder below `.pulumi`. */
    nameOf(...parts: readonly string[]): string;
    /** A file in a folder. */
    inside(folder: string, name: string): string;
    /** Where a file is, for people. */
    where(name: string): string;
    /** Undefined when there is none. */
    read(name: string): Promise<StoredFile | undefined>;
    /** Replaces the file. */
    write(name: string, text: string): Promise<void>;
    /** Makes the file; false when there is one, which then stays. */
    create(name: string, text: string): Promise<boolean>;
    /** Copies a file; does nothing when there is none. */
    copy(from: string, to: string): Promise<void>;
    /** As {@link copy} of a file that is replaced next, so that both may be the same one until then. */
    keep(from: string, to: string): Promise<void>;
    /** The names within a folder, without it, in their order; none when there is no folder. */
    list(folder: string): Promise<string[]>;
    /** When a file was written; undefined when there is none. */
    modified(name: string): Promise<Date | undefined>;
    /** Removes a file, if it is there. */
    remove(name: string): Promise<void>;
    /** Removes a file in the moment in which the process ends; absent where that takes longer. */
    removeAtExit?(name: string): void;
    /** Removes what writers that died left beside a file. Only while nobody else may write there. */
    tidy(name: string): Promise<void>;
}

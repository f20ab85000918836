import type { Text } from "./facts.ts";

/** A file of a node. */
export interface NodeFile {
    /** Absolute; `~` is the home folder of the one who runs the commands. */
    readonly path: string;
    /** Permissions, octal. */
    readonly mode: string;
    readonly content: Text;
    /** `file`: the content is all of it. `block`: it goes between two markers and the rest is left as it is. `merge`: its keys are added to those that are there. */
    readonly kind: "file" | "block" | "merge";
}

/** Something to see that the node can pull, and what is seen then. */
export interface Verification {
    readonly command: string;
    readonly expect: string;
}

/** What is done on one machine. */
export interface NodePlan {
    readonly node: string;
    /** What a command is run with from outside, such as `docker exec -i NODE`; absent: on the machine itself, as root. */
    readonly within?: readonly string[] | undefined;
    /** What a person has to decide or know first. */
    readonly notes: readonly string[];
    readonly files: readonly NodeFile[];
    /** To run once the files are there, in this order. */
    readonly commands: readonly string[];
    readonly verify: readonly Verification[];
}

/** How all nodes of a cluster are told about a registry. */
export interface RegistryPlan {
    /** Sentences about what may go wrong with this container runtime. */
    readonly warnings: readonly string[];
    /** What is done on the machine that makes the cluster, before the nodes are there; absent where nothing is. */
    readonly before?: NodePlan | undefined;
    readonly nodes: readonly NodePlan[];
    /** Patch of kind's cluster configuration, `containerdConfigPatches`; absent for other targets. */
    readonly kindPatch?: string | undefined;
}

/** Markers around what belongs to the platform in a file of others. */
export const MARKERS = { begin: "# BEGIN mcp-platform", end: "# END mcp-platform" } as const;

/** A word of a POSIX shell. */
export const shellQuote = (word: string): string => (/^[\w./:@%+=,-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`);

/** A command that writes its standard input to a file, for `sh -c` on a node. */
export function writeScript({ path, mode }: Pick<NodeFile, "path" | "mode">): string {
    const [folder, file] = [path.slice(0, path.lastIndexOf("/")), path].map(shellQuote);
    return `set -e; mkdir -p ${folder}; umask 077; cat > ${file}; chmod ${mode} ${file}`;
}

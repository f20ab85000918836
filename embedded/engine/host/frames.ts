/** Errors of the program as their author reads them: with the program's own frames, and no others. */
import { pathToFileURL } from "node:url";

/** A line of a stack, and whether an object's properties begin at its end. */
const FRAME = /^\s+at .*?( \{)?$/;
const FOREIGN = /\bnode:|[\\/]node_modules[\\/]/;
const LEFT_OUT = /^\s*\.\.\. \d+ lines matching cause stack trace \.\.\.$/;
/** The code that Node puts behind the name of its own errors, which says nothing that the message does not. */
const NODES_CODE = /^(\w*Error) \[ERR_[A-Z_]+\]:/gm;
/** Properties that Node adds to its own errors, which say nothing that the message does not. */
const NODES_OWN = /^\s+(code|url|specifier): '[^']*',?$/;
// oxlint-disable-next-line no-control-regex -- colours are control sequences
const COLOURS = /\u001B\[[0-9;]*m/g;

/**
 * The message without frames of Node, of the SDK and of other packages; those that remain have paths relative to the
 * project's folder.
 */
export function ownFrames(message: string, root: string): string {
    const named = message.replaceAll(NODES_CODE, "$1:");
    const lines = named.replaceAll(COLOURS, "").split("\n");
    if (!lines.some((line) => FRAME.test(line))) return named;
    const kept: string[] = [];
    for (const line of lines) {
        const frame = FRAME.exec(line);
        if (frame && FOREIGN.test(line)) {
            if (frame[1]) kept.push(`${kept.pop() ?? ""} {`);
        } else if (frame) kept.push(line.replaceAll(`${pathToFileURL(root).href}/`, "").replaceAll(`${root}/`, ""));
        else if (!LEFT_OUT.test(line)) kept.push(line);
    }
    return withoutNodesOwn(kept).join("\n");
}

/** Takes out blocks of properties at the end that are all Node's. */
function withoutNodesOwn(lines: readonly string[]): readonly string[] {
    const opened = lines.findLastIndex((line) => line.endsWith(" {"));
    if (opened < 0 || lines.at(-1) !== "}" || !lines.slice(opened + 1, -1).every((line) => NODES_OWN.test(line))) return lines;
    return [...lines.slice(0, opened), (lines[opened] ?? "").slice(0, -" {".length)];
}

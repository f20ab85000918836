/** The tree of resources as lines of aligned columns. Pure: what is known goes in, lines come out. */
import { cellsOf, type Cells } from "./cells.ts";
import { widthOf } from "./colors.ts";
import { isRootStack } from "./names.ts";
import type { DisplayOptions } from "./options.ts";
import type { Row, Rows } from "./rows.ts";

interface Node {
    readonly row: Row;
    readonly children: Node[];
}

interface Line extends Cells {
    readonly row: Row;
}

/** @param over whether the operation is over: everything then has its final state */
export function treeLines(
    rows: Rows,
    options: DisplayOptions,
    now: number,
    over: boolean,
): { header: string; lines: { text: string; row: Row }[] } {
    const lines: Line[] = [];
    const visit = (nodes: readonly Node[], indent: string, top: boolean): void => {
        for (const [i, { row, children }] of nodes.entries()) {
            const last = i === nodes.length - 1;
            const cells = cellsOf(row, options, now, over);
            lines.push({ ...cells, row, type: top ? cells.type : `${indent}${last ? "└─ " : "├─ "}${cells.type}` });
            visit(children, top ? "" : `${indent}${last ? "   " : "│  "}`, false);
        }
    };
    visit(forest(rows, options), "", true);

    const { paint } = options;
    const titles = {
        symbol: "   ",
        type: "Type",
        name: "Name",
        status: options.planning ? "Plan" : "Status",
        info: lines.some((l) => l.info) ? "Info" : "",
    };
    const width = (column: keyof Cells): number => Math.max(...[titles, ...lines].map((l) => widthOf(l[column])));
    const widths = { symbol: width("symbol"), type: width("type"), name: width("name"), status: width("status") };
    const join = (c: Cells): string =>
        `${pad(c.symbol, widths.symbol)}  ${pad(c.type, widths.type)}  ${pad(c.name, widths.name)}  ${pad(c.status, widths.status)}  ${c.info}`.trimEnd();
    const header = join({
        symbol: "   ",
        type: paint("blue", titles.type),
        name: paint("blue", titles.name),
        status: paint("blue", titles.status),
        info: paint("blue", titles.info),
    });
    return { header, lines: lines.map((l) => ({ text: join(l), row: l.row })) };
}

function pad(text: string, to: number): string {
    return text + " ".repeat(to - widthOf(text));
}

/** The rows by parent, without those that neither change nor hold one that does. */
function forest(rows: Rows, options: Pick<DisplayOptions, "showSames">): Node[] {
    const nodes = new Map<string, Node>();
    for (const row of rows.rows.values()) nodes.set(row.urn, { row, children: [] });
    const roots: Node[] = [];
    for (const node of nodes.values()) {
        const root = rows.root === undefined ? undefined : nodes.get(rows.root);
        const parent = isRootStack(node.row.metadata.type) ? undefined : (nodes.get(node.row.parent ?? "") ?? root);
        (parent && parent !== node ? parent.children : roots).push(node);
    }
    const keep = (list: Node[]): Node[] =>
        list.flatMap((node) => {
            const children = keep(node.children);
            return children.length || isShown(node.row, options) ? [{ row: node.row, children }] : [];
        });
    return keep(roots);
}

/** Whether a row is worth a line of its own. */
export function isShown(row: Row, { showSames }: Pick<DisplayOptions, "showSames">): boolean {
    const { op, type } = row.metadata;
    return (
        showSames ||
        isRootStack(type) ||
        row.failed ||
        row.diagnostics.some((d) => d.severity !== "debug") ||
        (op !== "same" && op !== "refresh") ||
        (op === "refresh" && row.ended === undefined)
    );
}

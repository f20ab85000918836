import { readFile } from "node:fs/promises";
import { expect, test } from "@jest/globals";
import { flowChapters, withFlows } from "../../bin/network-page.ts";
import { networkOf } from "../../components/network/flows.ts";
import { SCENARIOS } from "./expectation.ts";

test("docs/network.md has the flows of the table; after a change: npm run network-docs", async () => {
    const page = await readFile(new URL("../../docs/network.md", import.meta.url), "utf8");
    expect(withFlows(page, flowChapters())).toBe(page);
});

test("a page without its marks is refused", () => {
    expect(() => withFlows("# Network\n", "")).toThrow("the page has no <!-- flows: made from");
});

test("every reason for a flow is told, in the table and nowhere twice for the same ends", () => {
    const lines = flowChapters().split("\n");
    for (const { facts } of Object.values(SCENARIOS))
        for (const { why } of networkOf(facts).flows) expect(lines.filter((line) => line.includes(`| ${why} |`))).not.toEqual([]);
    const rows = lines.filter((line) => line.startsWith("| ")).map((line) => line.split(" | ").slice(0, 3).join(" "));
    expect(rows.filter((row, index) => !row.startsWith("| from") && !row.startsWith("| ---") && rows.indexOf(row) !== index)).toEqual([]);
});

test("every arrow of a picture is between two ends that it shows, and every row is an arrow", () => {
    const pictures = [...flowChapters().matchAll(/^\| from[^]*?^```mermaid\n([^]*?)^```$/gm)];
    expect(pictures).toHaveLength(3);
    for (const [chapter, picture = ""] of pictures) {
        const shown = new Set([...picture.matchAll(/^ +(\w+)\["[^"]+"\]$/gm)].map(([, id]) => id));
        const arrows = [...picture.matchAll(/^ {4}(\w+) -->\|"[^"]+"\| (\w+)$/gm)].map(([, from, to]) => [from, to]);
        expect(arrows.flat().filter((id) => !shown.has(id))).toEqual([]);
        const rows = chapter.split("\n").filter((line) => line.startsWith("| ") && !/^\| (from|---)/.test(line));
        expect(new Set(arrows.map(String)).size).toBe(new Set(rows.map((row) => row.split(" | ").slice(0, 2).join())).size);
        const lines = picture.trim().split("\n").length;
        expect(lines).toBe(1 + shown.size + arrows.length + 2 * (picture.match(/^ {4}subgraph \w+\["[^"]+"\]$/gm) ?? []).length);
    }
});

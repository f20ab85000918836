import { readFileSync } from "node:fs";
import { join } from "node:path";
import { projectRoot } from "../../../embedded/common/paths.ts";
import { askedRows } from "./rows/asked.ts";
import { kindRows } from "./rows/awaiting.ts";
import { lifecycleRows } from "./rows/lifecycle.ts";
import { ownershipRows } from "./rows/ownership.ts";
import { updateRows } from "./rows/updates.ts";

const unused = (): never => {
    throw new Error("a row looks at its lab only when it is proved");
};
const rows = [...lifecycleRows(unused), ...ownershipRows(unused), ...updateRows(unused), ...kindRows(unused), ...askedRows(unused)];

test("docs/providers.md lists the marked rows as differences, and no others", () => {
    const text = readFileSync(join(projectRoot, "docs/providers.md"), "utf8");
    const kubernetes = text.slice(text.indexOf("\n## kubernetes")).split("\n## ")[1] ?? "";
    const section = kubernetes.slice(kubernetes.indexOf("### Differences from the official provider"));
    const listed = [...section.matchAll(/^\| (.+?) +\| (.+?) +\|$/gm)].map(([, official, here]) => `${official} | ${here}`);
    const marked = rows.flatMap(({ differs }) => (differs ? [`${differs.official} | ${differs.here}`] : []));
    expect(listed.slice(2)).toEqual(marked);
});

test("every row names where its behaviour is documented, and none is there twice", () => {
    expect(rows.filter(({ source }) => !/\.go|CHANGELOG|kubernetes\.io/.test(source))).toEqual([]);
    const seen = rows.map(({ behaviour, source }) => `${behaviour} ${source}`);
    expect(new Set(seen).size).toBe(seen.length);
});

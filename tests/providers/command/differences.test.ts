import { readFileSync } from "node:fs";
import { join } from "node:path";
import { projectRoot } from "../../../embedded/common/paths.ts";
import { connectionRows } from "./rows/connection.ts";
import { copyRows } from "./rows/copy.ts";
import { endingRows } from "./rows/ending.ts";
import { localRows } from "./rows/local.ts";
import { remoteRows } from "./rows/remote.ts";

const unused = (): never => {
    throw new Error("a row looks at its lab only when it is proved");
};
const rows = [...localRows(unused), ...remoteRows(unused), ...endingRows(unused), ...connectionRows(unused), ...copyRows(unused)];

test("docs/providers.md lists the marked rows as differences, and no others", () => {
    const text = readFileSync(join(projectRoot, "docs/providers.md"), "utf8");
    const section = text.slice(text.indexOf("### Differences from the official command provider")).split("\n## ")[0] ?? "";
    const listed = [...section.matchAll(/^\| (.+?) +\| (.+?) +\|$/gm)].map(([, official, here]) => `${official} | ${here}`);
    const marked = rows.flatMap(({ differs }) => (differs ? [`${differs.official} | ${differs.here}`] : []));
    expect(listed.slice(2)).toEqual(marked);
});

test("every row names where its behaviour is documented, and none is there twice", () => {
    expect(rows.filter(({ source }) => !/\.(d\.ts|go)/.test(source))).toEqual([]);
    const seen = rows.map(({ behaviour, source }) => `${behaviour} ${source}`);
    expect(new Set(seen).size).toBe(seen.length);
});

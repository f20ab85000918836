/** What `@pulumi/tls` 5.6.1 documents, row by row, with OpenSSL as the judge of what is generated. */
import { documentedDifferences, markedDifferences, prove } from "../shared/semantics.ts";
import { certificateRows } from "./rows/certificates.ts";
import { functionRows } from "./rows/functions.ts";

const rows = [...certificateRows, ...functionRows];

describe("tls", () => {
    prove(rows);
});

test("docs/providers.md lists the marked rows as differences, and no others", () => {
    expect(documentedDifferences("tls")).toEqual(markedDifferences(rows));
});

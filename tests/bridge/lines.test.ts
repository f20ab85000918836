import * as fc from "fast-check";
import { LineFramer } from "../../operator/bridge/lines.ts";

function frame(chunks: readonly Buffer[], limit = 1_000_000): { lines: string[]; tooLong: number } {
    const lines: string[] = [];
    let tooLong = 0;
    const framer = new LineFramer(
        limit,
        (line) => lines.push(line.toString()),
        () => tooLong++,
    );
    for (const chunk of chunks) framer.push(chunk);
    framer.end();
    return { lines, tooLong };
}

function cut(bytes: Buffer, at: readonly number[]): Buffer[] {
    const points = [0, ...at.map((n) => n % (bytes.length + 1)).toSorted((a, b) => a - b), bytes.length];
    return points.slice(1).map((end, index) => bytes.subarray(points[index], end));
}

const line = fc.string({ unit: "grapheme", maxLength: 40 }).filter((text) => !/[\r\n]/.test(text) && text !== "");

describe("the line framer", () => {
    it("finds the same lines however the bytes are cut into chunks", () => {
        fc.assert(
            fc.property(
                fc.array(line, { maxLength: 20 }),
                fc.array(fc.nat(), { maxLength: 30 }),
                fc.constantFrom("\n", "\r\n"),
                (lines, cuts, end) => {
                    const bytes = Buffer.from(lines.map((text) => text + end).join(""));
                    expect(frame(cut(bytes, cuts)).lines).toEqual(lines);
                },
            ),
        );
    });

    it("delivers a last line without an end and leaves out empty ones", () => {
        expect(frame([Buffer.from("\n\na\r\n\r\n"), Buffer.from("b")]).lines).toEqual(["a", "b"]);
    });

    it("reports each line over the limit once, skips it whole and goes on with the next", () => {
        fc.assert(
            fc.property(fc.integer({ min: 1, max: 60 }), fc.array(fc.nat(), { maxLength: 20 }), (over, cuts) => {
                const bytes = Buffer.from(`short\n${"x".repeat(10 + over)}\nafter\n${"y".repeat(10)}\r\n`);
                expect(frame(cut(bytes, cuts), 10)).toEqual({ lines: ["short", "after", "y".repeat(10)], tooLong: 1 });
            }),
        );
    });

    it("joins a line of many pieces in linear time", () => {
        const piece = Buffer.alloc(16, "x");
        const begun = performance.now();
        const { lines } = frame([...Array.from({ length: 200_000 }, () => piece), Buffer.from("\n")], 16 * 1024 * 1024);
        expect(lines[0]?.length).toBe(3_200_000);
        expect(performance.now() - begun).toBeLessThan(2000);
    });
});

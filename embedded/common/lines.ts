/** Calls `onLine` with each line of a stream of text, the last one also without an end of line. */
export function eachLine(stream: NodeJS.ReadableStream, onLine: (line: string) => void): void {
    let rest = "";
    stream.setEncoding("utf8");
    stream.on("data", (text: string) => {
        const lines = (rest + text).split("\n");
        rest = lines.pop() ?? "";
        for (const line of lines) onLine(line);
    });
    stream.on("end", () => rest && onLine(rest));
}

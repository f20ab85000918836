/** The few colours of the display, with Pulumi's meanings. */

export type Color = "bold" | "dim" | "red" | "green" | "yellow" | "blue" | "magenta" | "cyan" | "headline";

const CODES: Readonly<Record<Color, string>> = {
    bold: "1",
    dim: "2",
    red: "31",
    green: "32",
    yellow: "33",
    blue: "94",
    magenta: "35",
    cyan: "36",
    headline: "1;95",
};

/** Paints a text, or leaves it as it is. */
export type Paint = (color: Color | undefined, text: string) => string;

export const plainPaint: Paint = (_color, text) => text;
export const colorPaint: Paint = (color, text) => (color && text ? `\u001b[${CODES[color]}m${text}\u001b[0m` : text);

// oxlint-disable-next-line no-control-regex -- escape sequences begin with one
const ESCAPE = /(\u001b\[[0-9;?]*[A-Za-z])/;

export function stripColors(text: string): string {
    return text.includes("\u001b")
        ? text
              .split(ESCAPE)
              .filter((_, i) => i % 2 === 0)
              .join("")
        : text;
}

/** How many columns a text takes; every character counts as one. */
export function widthOf(text: string): number {
    return [...stripColors(text)].length;
}

/** The text cut to so many columns, colours kept whole. */
export function cutTo(text: string, columns: number): string {
    if (widthOf(text) <= columns) return text;
    let width = 0;
    let out = "";
    let colored = false;
    for (const part of text.split(ESCAPE)) {
        if (part.startsWith("\u001b")) {
            colored = !part.endsWith("[0m");
            out += part;
            continue;
        }
        const characters = [...part];
        const room = columns - 1 - width;
        if (characters.length > room) return `${out}${characters.slice(0, Math.max(room, 0)).join("")}…${colored ? "\u001b[0m" : ""}`;
        width += characters.length;
        out += part;
    }
    return out;
}

/** Whether to paint: `--color`, then NO_COLOR, then whether somebody looks. */
export function wantsColor(option: string | undefined, stream: { readonly isTTY?: boolean | undefined }): boolean {
    if (option === "always") return true;
    if (option === "never" || option === "raw") return false;
    if (process.env["NO_COLOR"]) return false;
    if (process.env["FORCE_COLOR"] && process.env["FORCE_COLOR"] !== "0") return true;
    return Boolean(stream.isTTY) && process.env["TERM"] !== "dumb";
}

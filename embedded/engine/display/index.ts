/**
 * What a user sees of an operation. `createDisplay` takes the engine's events; the model (`rows`) is drawn as a tree on a
 * terminal (`live`), as plain lines elsewhere (`plain`), or as property diffs (`diff`); `summary` is what follows.
 */
import type { EngineEvent, EventSink } from "../events.ts";
import type { PropertyMap } from "../values.ts";
import { severityWord } from "./cells.ts";
import { diffLines } from "./diff.ts";
import { LiveProgress } from "./live.ts";
import { isRootStack } from "./names.ts";
import type { DisplayOptions } from "./options.ts";
import { OrderedEvents } from "./order.ts";
import { PlainProgress } from "./plain.ts";
import { Verdicts, verdictLines } from "./policies.ts";
import { Rows } from "./rows.ts";
import { countLines, diagnosticLines, durationText, outputLines } from "./summary.ts";

export interface Display {
    readonly events: EventSink;
    /** Says something of the command's own, beside the resources. */
    say(text: string): void;
    /** Ends the display. @param outputs the stack's outputs before and after */
    finish(outputs?: { readonly before: PropertyMap; readonly after: PropertyMap }): void;
    /** The property diffs of what was shown, for "details". */
    details(): string;
}

const TITLES = {
    preview: "Previewing update",
    update: "Updating",
    refresh: "Refreshing",
    destroy: "Destroying",
    import: "Importing",
} as const;
const PLAN_TITLES = {
    preview: "Previewing update",
    update: "Previewing update",
    refresh: "Previewing refresh",
    destroy: "Previewing destroy",
    import: "Previewing import",
} as const;

/** A preview that is shown at its end says this often that it goes on. */
const NOTE_MS = 5_000;

export function createDisplay(options: DisplayOptions): Display {
    const { screen, paint } = options;
    const rows = new Rows(Date.now);
    const write = (lines: readonly string[]): void => screen.write(lines.map((line) => `${line}\n`).join(""));
    const verdicts = new Verdicts();
    /** Diffs of what was shown; written only when somebody asks, since large objects have many lines. */
    const details: (() => readonly string[])[] = [];
    let summary: Extract<EngineEvent, { type: "summary" }> | undefined;
    let over = false;

    write([`${paint("headline", `${(options.planning ? PLAN_TITLES : TITLES)[options.kind]} (${options.stack}):`)}`]);
    if (!options.live) write([""]);
    const live = options.live && !options.diff ? new LiveProgress(rows, options) : undefined;
    const plain = !options.live && !options.diff ? new PlainProgress(rows, options) : undefined;

    const depthOf = (urn: string | undefined): number => {
        let depth = 0;
        for (let at = urn; at && depth < 50; depth++) {
            const row = rows.rows.get(at);
            if (!row || isRootStack(row.metadata.type)) break;
            at = row.parent ?? rows.root;
        }
        return depth;
    };
    const say = (text: string): void => (live ? live.above(text) : write([text]));

    // Where nobody watches, the same plan reads the same, whatever was looked at first.
    const ordered = options.planning && !live ? new OrderedEvents() : undefined;
    const noting =
        ordered && !options.suppressProgress
            ? setInterval(() => options.note?.(`${ordered.size} resources planned so far\n`), NOTE_MS).unref()
            : undefined;
    const show: EventSink = (event) => {
        if (event.type === "summary") summary = event;
        verdicts.take(event);
        if (options.diff && (event.type === "policy-violation" || event.type === "policy-remediation")) write(verdictLines(event, options));
        const row = rows.take(event);
        if (event.type === "resource-pre") {
            const depth = depthOf(event.metadata.urn);
            const lines = (): string[] => diffLines(event.metadata, depth, options);
            details.push(lines);
            if (options.diff) write(lines());
        }
        if (options.diff && event.type === "diagnostic" && !event.ephemeral && event.severity !== "debug" && !options.planning) {
            write([`${severityWord(event.severity, paint)}${event.message.trimEnd()}`]);
        }
        if (row) plain?.update(row, event.type === "resource-outputs" || event.type === "resource-failed");
    };

    return {
        say,
        events(event) {
            if (event.type === "cancel")
                say(`${paint("yellow", "canceling:")} running steps are asked to end; press Ctrl-C again to end at once`);
            if (ordered) ordered.take(event);
            else show(event);
        },
        finish(outputs) {
            if (over) return;
            over = true;
            clearInterval(noting);
            for (const event of ordered?.all() ?? []) show(event);
            live?.finish();
            plain?.finish(rows);
            const judged = options.diff ? ["", ...verdicts.table(paint)] : verdicts.lines(paint, options.showPolicyRemediations);
            write([...judged, ...diagnosticLines(rows, paint)]);
            if (outputs && !options.suppressOutputs) write(outputLines(outputs.before, outputs.after, options, paint));
            // As Pulumi does: what a mandatory policy refused is the last word.
            if (!summary || verdicts.refused) return;
            write(countLines(summary.changes, options));
            if (!options.planning) write([`${paint("headline", "Duration:")} ${durationText(summary.durationMs)}`, ""]);
        },
        details: () => `${details.flatMap((lines) => lines()).join("\n")}\n`,
    };
}

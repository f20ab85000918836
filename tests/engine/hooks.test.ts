import { beforeAll, describe, expect, test } from "@jest/globals";
import { destroy, preview, refresh } from "../../embedded/engine/index.ts";
import { PartialError } from "../../embedded/engine/provider.ts";
import { double, nameOf, World } from "./support/double.ts";
import { find, runProgram, steps, type Ran, type RunSetup } from "./support/runs.ts";

/** `refusals` says how often a creation fails, with `half` after the object exists; updates of such an object count on. */
function refusing(world: World): ReturnType<typeof double> {
    const make = double(world);
    const left = new Map<string, number>();
    const attempt = async <T>(urn: string, inputs: Record<string, unknown>, work: () => Promise<T>): Promise<T> => {
        const refusals = left.get(urn) ?? Number(inputs["refusals"] ?? 0);
        left.set(urn, refusals - 1);
        if (refusals <= 0) return await work();
        if (inputs["half"]) throw new PartialError("half", { half: true }, [`half made, ${refusals} to go`]);
        throw new Error(`refused, ${refusals} to go`);
    };
    return () => {
        const inner = make();
        return {
            ...inner,
            create: (urn, inputs, context) => attempt(urn, inputs, () => inner.create(urn, inputs, context)),
            update: (id, urn, olds, news, ignored, context) =>
                attempt(urn, news, () => inner.update(id, urn, olds, news, ignored, context)),
        };
    };
}

function run(world: World, mode = "", more: Partial<RunSetup> = {}, operation?: Parameters<typeof runProgram>[1]): Promise<Ran> {
    return runProgram({ program: "hooks.ts", providers: { double: refusing(world) }, config: { "test:mode": mode }, ...more }, operation);
}

/** What the hooks of a resource printed. */
function said(ran: Ran, name: string): string[] {
    return ran.diagnostics.flatMap((line) => {
        const [, text = ""] = line.split("info: ");
        return text.split(" ")[1] === name ? [text.replace(` ${name}`, "").replaceAll(/=\S+-[0-9a-f]{8}\b/g, "=(id)")] : [];
    });
}

const world = new World();
let first: Ran;
beforeAll(async () => {
    first = await run(world);
});

describe("hooks", () => {
    test("run before and after creation, with inputs and outputs, secrets as secrets", () => {
        expect(first.diagnostics.filter((line) => !line.startsWith("info:"))).toEqual([]);
        expect(said(first, "a")).toEqual([
            "beforeCreate (no id): hidden=(output) value=first | - | - | -",
            "afterCreate (id): hidden=(output) value=first | - | copy=first generated=generated for a hidden=(output) value=first | -",
        ]);
    });

    test("of a component run before its children exist and when it registers its outputs", () => {
        expect(said(first, "group")).toEqual([
            "beforeCreate (no id): value=first | - | - | -",
            "afterCreate (no id): value=first | - | done=true value=first | -",
        ]);
        const order = first.events.flatMap((event) =>
            event.type === "diagnostic" && event.message.includes(" group ")
                ? [event.message.split(" ")[0]]
                : event.type === "resource-outputs" && event.metadata.urn.endsWith("::inside")
                  ? ["inside"]
                  : [],
        );
        expect(order[0]).toBe("beforeCreate");
    });

    test("are in the state by name", () => {
        expect(find(first.snapshot, "replaced").resourceHooks).toEqual({ beforeCreate: ["beforeCreate"], afterDelete: ["afterDelete"] });
    });

    test("run in a preview only when they say so", async () => {
        const shown = await run(new World(), "changed", { snapshot: first.snapshot }, preview);
        expect(said(shown, "a").map((line) => line.split(" ")[0])).toEqual(["beforeUpdate"]);
        expect(said(shown, "replaced")).toEqual([]);
    });

    test("run around updates, and around both parts of a replacement", async () => {
        const changed = await run(world, "changed", { snapshot: first.snapshot });
        expect(changed.failed).toBe(false);
        expect(said(changed, "a").map((line) => line.replaceAll("hidden=(output) ", ""))).toEqual([
            "beforeUpdate (id): value=changed | value=first | - | copy=first generated=generated for a value=first",
            "afterUpdate (id): value=changed | value=first | copy=changed generated=generated for a value=changed | copy=first generated=generated for a value=first",
        ]);
        expect(said(changed, "replaced")).toEqual([
            "beforeCreate (no id): key=changed | - | - | -",
            "afterDelete (id): - | key=first | - | copy=null generated=generated for replaced key=first",
        ]);
        expect(said(changed, "group").map((line) => line.split(" ")[0])).toEqual(["beforeUpdate", "afterUpdate"]);
    });

    test("run around deletions, which the program waits for", async () => {
        const gone = await run(world, "without", { snapshot: first.snapshot });
        expect(gone.failed).toBe(false);
        expect(said(gone, "a").map((line) => line.split(" ")[0])).toEqual(["beforeDelete", "afterDelete"]);
        expect(said(gone, "group").map((line) => line.split(" ")[0])).toEqual(["beforeDelete", "afterDelete"]);
        expect(gone.snapshot.resources.filter(({ custom }) => custom).map(({ type }) => type)).toEqual([]);
    });
});

describe("a hook that fails", () => {
    let ran: Ran;
    const made = new World();
    beforeAll(async () => {
        ran = await run(made, "fails");
    });

    test("before a step stops it and what depends on it", () => {
        expect(ran.failed).toBe(true);
        expect(ran.diagnostics).toContain('error: creating failed: the beforeCreate hook "fails" failed: this hook cannot');
        expect(made.names()).not.toEqual(expect.arrayContaining(["before"]));
        expect(made.names()).not.toEqual(expect.arrayContaining(["behind before"]));
        expect(made.names()).not.toEqual(expect.arrayContaining(["in component"]));
        expect(() => find(ran.snapshot, "component")).toThrow("no resource");
    });

    test("after a step fails the run, while the resource stays and what depends on it is not tried", () => {
        expect(ran.diagnostics).toContain('error: the afterCreate hook "fails" failed: this hook cannot');
        expect(find(ran.snapshot, "after").outputs["generated"]).toBe("generated for after");
        expect(made.names()).not.toContain("behind after");
    });

    test("and says that its errors are to be ignored is a warning", () => {
        expect(ran.diagnostics.filter((line) => line.startsWith("warning"))).toEqual([
            'warning: the beforeCreate hook "warns" failed: this hook may not',
            'warning: the afterCreate hook "warns" failed: this hook may not',
        ]);
        expect(made.names()).toContain("behind warned");
    });

    test("after a step does not stop what depends on it when the run goes on after errors", async () => {
        const going = new World();
        const result = await run(going, "fails", { continueOnError: true });
        expect(result.failed).toBe(true);
        expect(going.names()).toContain("behind after");
        expect(going.names()).not.toContain("behind before");
    });
});

describe("an error hook", () => {
    let ran: Ran;
    const made = new World();
    beforeAll(async () => {
        ran = await run(made, "tries");
    });
    const about = (name: string): string[] =>
        ran.events.flatMap((event) =>
            event.type === "diagnostic" && (event.message.startsWith(`${name}: `) || (event.urn && nameOf(event.urn) === name))
                ? [`${event.severity}: ${event.message}`]
                : [],
        );

    /** What hooks log and what the engine says come in different ways: only each by itself is in order. */
    const said = (name: string, severity: string): string[] =>
        about(name).flatMap((line) => (line.startsWith(`${severity}: `) ? [line.slice(severity.length + 2)] : []));

    test("has the operation tried again for as long as it asks, and is told all reasons, the last first", () => {
        expect(said("twice refused", "info")).toEqual([
            "twice refused: create failed: refused, 2 to go",
            "twice refused: create failed: refused, 1 to go, refused, 2 to go",
        ]);
        expect(said("twice refused", "warning")).toEqual([
            "trying the create again, as its error hook asks (1 of at most 100 attempts failed): refused, 2 to go",
            "trying the create again, as its error hook asks (2 of at most 100 attempts failed): refused, 1 to go",
        ]);
        expect(find(ran.snapshot, "twice refused").id).toBeTruthy();
        expect(said("refused", "error")).toEqual(["creating failed: refused, 7 to go"]);
    });

    test("of an object that exists already has it updated, not created twice", () => {
        expect(about("half made").filter((line) => line.startsWith("error"))).toEqual([]);
        expect(find(ran.snapshot, "half made").id).toBe("half");
        expect(made.calls.filter((call) => call.endsWith("half made"))).toEqual(["update half made"]);
    });

    test("is asked a hundred times at most", () => {
        expect(said("hopeless", "warning")).toHaveLength(100);
        expect(said("hopeless", "error")).toEqual(["creating failed: refused, 901 to go"]);
    });

    test("that fails itself is part of the reason", () => {
        expect(about("badly helped")).toEqual([
            'error: creating failed: refused, 9 to go\nthe error hook "broken" failed: this error hook cannot',
        ]);
    });
});

describe("destroy", () => {
    test("without the program refuses resources with delete hooks, and names them", async () => {
        const result = await run(world, "", { snapshot: first.snapshot }, (engine) => destroy(engine, { preview: false }));
        expect(result.failed).toBe(true);
        expect(result.diagnostics.join("\n")).toMatch(/::a has delete hooks \(beforeDelete, afterDelete\).*--run-program/);
        expect(steps(result)).toEqual([]);
    });

    test("with the program runs the hooks and deletes everything, whatever the program asks for now", async () => {
        const made = new World();
        const before = await run(made, "");
        const gone = await run(made, "changed", { snapshot: before.snapshot }, (engine) =>
            destroy(engine, { preview: false, runProgram: true }),
        );
        expect(gone.diagnostics.filter((line) => !line.startsWith("info:"))).toEqual([]);
        expect(said(gone, "a").map((line) => line.split(" ")[0])).toEqual(["beforeDelete", "afterDelete"]);
        expect(said(gone, "replaced").map((line) => line.split(" ")[0])).toEqual(["afterDelete"]);
        expect(gone.snapshot.resources).toEqual([]);
        expect(made.objects.size).toBe(0);
        expect(made.calls.filter((call) => !call.startsWith("create")).toSorted()).toEqual([
            "delete a",
            "delete inside",
            "delete replaced",
        ]);
    });

    test("with a program that asks for more makes nothing of it", async () => {
        const made = new World();
        const gone = await run(made, "", {}, (engine) => destroy(engine, { preview: false, runProgram: true }));
        expect(gone.failed).toBe(false);
        expect(made.calls).toEqual([]);
        expect(gone.snapshot.resources).toEqual([]);
    });

    test("with a program that fails deletes nothing", async () => {
        const result = await runProgram(
            {
                program: "cases.ts",
                providers: { double: double(world) },
                config: { "test:case": "throws" },
                snapshot: first.snapshot,
            },
            (engine) => destroy(engine, { preview: false, runProgram: true }),
        );
        expect(result.failed).toBe(true);
        expect(steps(result).filter((step) => step.startsWith("delete"))).toEqual([]);
    });
});

test("refresh with the program configures providers as the program does now", async () => {
    const made = new World();
    const setup = (region: string): RunSetup => ({
        program: "steered.ts",
        providers: { double: double(made) },
        steer: [
            { name: "p", kind: "provider", args: { region } },
            { name: "a", args: { value: 1 }, provider: "p" },
        ],
    });
    const before = await runProgram(setup("old"));
    made.configured.length = 0;
    const seen = await runProgram({ ...setup("new"), snapshot: before.snapshot }, (engine) =>
        refresh(engine, { preview: false, runProgram: true }),
    );
    expect(seen.diagnostics).toEqual([]);
    expect(made.configured).toEqual([{ region: "new" }]);
    expect(steps(seen)).toContain("refresh a");
    expect(find(seen.snapshot, "p").inputs["region"]).toBe("new");
});
